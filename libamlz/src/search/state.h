/* What evolves in a search, and all that a resumed one must know: population, hall of fame, history, best program, counts
 * and random state. */
#ifndef AMLZ_STATE_H
#define AMLZ_STATE_H

#include "base/arena.h"
#include "base/rng.h"
#include "program/program.h"

/* A program's place in a shelf. */
typedef struct shelf_entry {
    amlz_member member;
    uint64_t key; /* structural key; 0 where it was never worked out */
    uint16_t size[AMLZ_FUNCTION_COUNT];
} shelf_entry;

/* Programs kept packed: of each function just as many instructions as there may be. */
typedef struct shelf {
    shelf_entry *entries;
    amlz_instruction *code; /* [entry][code_size] */
    uint32_t capacity;
    size_t code_size, code_start[AMLZ_FUNCTION_COUNT];
} shelf;

typedef struct search_state {
    amlz_progress progress; /* but for mean_fitness, which is worked out when it is asked for */
    rng_state rng;
    shelf population;  /* a ring: the oldest is at `oldest` once the population is full */
    uint32_t oldest;
    shelf hall;        /* by the number of live instructions; where there is none, birth is 0 */
    amlz_member *history;
    uint32_t n_history, history_size;
    amlz_member best_member;
    amlz_program best;
} search_state;

/* Instructions that a function of a search's programs can have: one without ops is the start program's, whatever its size. */
uint16_t amlz__state_room(const amlz_search_config *config, int function);

/* Lays an empty state out in the arena; an arena over NULL only counts, and state may then be NULL. */
void amlz__state_place(search_state *state, arena *a, const amlz_search_config *config);

/* Copies what evolves between two states of the same search. */
void amlz__state_copy(search_state *to, const search_state *from);

/* Copies a program's code, and nothing of the rest. */
void amlz__state_copy_program(amlz_program *to, const amlz_program *from);

void amlz__state_load(const shelf *s, uint32_t i, amlz_program *program);
void amlz__state_store(shelf *s, uint32_t i, const amlz_program *program, const amlz_member *member, uint64_t key);

/* The place in the ring of member number `index` by age. */
uint32_t amlz__state_by_age(const search_state *state, uint32_t index);

/* Takes a program into the population, in the place of the oldest when that is full. */
void amlz__state_add(search_state *state, const amlz_program *program, const amlz_member *member, uint64_t key);

/* Takes a program that was scored in full, as far as it is good enough, into hall, history and best. n_live < 0: live
 * instructions were not counted. */
void amlz__state_record(search_state *state, const amlz_program *program, const amlz_member *member, uint64_t key, int n_live);

/* Remembers an improvement. */
void amlz__state_add_history(search_state *state, const amlz_member *member);

/* Turns a full population that lies in order of age so that each member has the place where evolution would have put it. */
void amlz__state_turn_ring(search_state *state);

#endif
