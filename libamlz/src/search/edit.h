/* Live edits: mutations that know data flow, that is who writes what and who wants it, and no algorithm.
 *
 * They work on live code. Before and after an edit the dead lines of the functions that may change are removed; at last
 * others, which are dead, fill up what has become shorter than it may be. All need a space that amlz_space_check has passed. */
#ifndef AMLZ_EDIT_H
#define AMLZ_EDIT_H

#include "program/flow.h"
#include "search/draw.h"

/* Applies one of the live edits; one that cannot apply changes nothing. */
void amlz__edit_apply(const amlz_space *space, draw_range range, amlz_mutation action, rng_state *rng,
                      amlz_program *program);

/* Grows each function that has ops anew, backwards from what is wanted of it. */
void amlz__edit_grow_program(const amlz_space *space, draw_range range, rng_state *rng, amlz_program *program);

/* Removes dead lines, as many as min_size lets go. */
void amlz__edit_simplify(const amlz_space *space, amlz_program *program);

/* ---------------------------------------------------------------- what edits have in common */

/* A program that is being edited: in functions that have ops, each line is live. */
typedef struct edit {
    const amlz_space *space;
    draw_range range;
    rng_state *rng;
    amlz_program *program;
    flow_places places;
    uint64_t behind[AMLZ_FUNCTION_COUNT][FLOW_WORDS]; /* wanted behind each function, before the edit */
} edit;

static inline int edit_is_open(const edit *e, int f) { return e->space->function[f].n_ops > 0; }
static inline int edit_has_room(const edit *e, int f) { return e->program->size[f] < e->space->function[f].max_size; }

/* An operand of a line: 0 is in1, 1 is in2. */
typedef struct edit_slot {
    uint8_t f, line, operand;
} edit_slot;
enum { EDIT_MAX_SLOTS = AMLZ_FUNCTION_COUNT * AMLZ_CAPACITY * 2 };

static inline int edit_type_at(const amlz_instruction *x, int operand)
{
    const amlz_op_info *info = amlz__ops_table[x->op];
    return operand == 0 ? info->in1 : info->in2;
}
static inline uint8_t *edit_address_at(amlz_instruction *x, int operand) { return operand == 0 ? &x->in1 : &x->in2; }
static inline amlz_instruction *edit_line_of(const edit *e, edit_slot slot) { return &e->program->code[slot.f][slot.line]; }

/* The operands that there are in open functions. */
uint32_t amlz__edit_slots(const edit *e, edit_slot found[EDIT_MAX_SLOTS]);

/* Addresses that a line of a function may read: all but those where nothing can be, labels where there are none yet, and
 * features in Setup. */
uint32_t amlz__edit_readable(const edit *e, int f, int type, uint8_t found[AMLZ_ADDRESSES]);

/* Addresses of a type that may be written, in a set (is_in 1) or not in it (0). */
uint32_t amlz__edit_writable(const edit *e, int type, const uint64_t *set, int is_in, uint8_t found[AMLZ_ADDRESSES]);

/* Ops of a function that write a type and find something to read. */
uint32_t amlz__edit_ops(const edit *e, int f, int type, uint8_t found[AMLZ_MAX_OPS]);

/* What is wanted behind a line, once the function has that many lines; so at 0 what is wanted before its first. */
void amlz__edit_wanted(const edit *e, int f, size_t line, uint64_t set[FLOW_WORDS]);

/* A line with this op and output; operands and constants are drawn. */
amlz_instruction amlz__edit_draw_line(const edit *e, int f, int op, uint8_t out);

/* One of a line's operands of this type, -1 if there is none. */
int amlz__edit_draw_operand(const edit *e, int type, const amlz_instruction *x);

void amlz__edit_insert(amlz_program *program, int f, size_t place, const amlz_instruction *x);
void amlz__edit_remove(amlz_program *program, int f, size_t place);

static inline uint8_t edit_pick(const edit *e, const uint8_t *found, uint32_t n) { return found[rng_below(e->rng, n)]; }

/* ---------------------------------------------------------------- the edits: 0 if one cannot apply */

int amlz__edit_rewire(edit *e);
int amlz__edit_insert_on_edge(edit *e);
int amlz__edit_change_op(edit *e);
int amlz__edit_bypass(edit *e);
int amlz__edit_move(edit *e);
int amlz__edit_add_state(edit *e);
int amlz__edit_initialize(edit *e);
int amlz__edit_regrow(edit *e);

/* Keeps so many lines of a function, those at its end, and grows others before them. */
void amlz__edit_grow_function(edit *e, int f, uint16_t kept);

#endif
