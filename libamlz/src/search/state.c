#include "search/state.h"

#include <string.h>

uint16_t amlz__state_room(const amlz_search_config *config, int function)
{
    const amlz_function_space *space = &config->space.function[function];
    return space->n_ops > 0 ? space->max_size : AMLZ_CAPACITY;
}

static shelf place_shelf(arena *a, const amlz_search_config *config, uint32_t capacity)
{
    shelf s;
    s.capacity = capacity;
    s.code_size = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        s.code_start[f] = s.code_size;
        s.code_size += amlz__state_room(config, f);
    }
    s.entries = arena_take(a, capacity, sizeof *s.entries);
    s.code = arena_take(a, size_times(capacity, s.code_size), sizeof *s.code);
    return s;
}

void amlz__state_place(search_state *state, arena *a, const amlz_search_config *config)
{
    const shelf population = place_shelf(a, config, config->population_size);
    /* one more than there are instructions, for programs of which none is live */
    const shelf hall = place_shelf(a, config, (uint32_t)population.code_size + 1);
    amlz_member *history = arena_take(a, config->history_size, sizeof *history);
    if (state != NULL) {
        memset(state, 0, sizeof *state);
        state->population = population;
        state->hall = hall;
        state->history = history;
        state->history_size = config->history_size;
        state->progress.best_fitness = -1;
        memset(hall.entries, 0, hall.capacity * sizeof *hall.entries);
    }
}

static void copy_shelf(shelf *to, const shelf *from, uint32_t count)
{
    memcpy(to->entries, from->entries, count * sizeof *from->entries);
    memcpy(to->code, from->code, count * from->code_size * sizeof *from->code);
}

void amlz__state_copy(search_state *to, const search_state *from)
{
    to->progress = from->progress;
    to->rng = from->rng;
    to->oldest = from->oldest;
    copy_shelf(&to->population, &from->population, from->progress.population);
    copy_shelf(&to->hall, &from->hall, from->hall.capacity);
    to->n_history = from->n_history;
    if (from->n_history > 0) {
        memcpy(to->history, from->history, from->n_history * sizeof *from->history);
    }
    to->best_member = from->best_member;
    amlz__state_copy_program(&to->best, &from->best);
}

void amlz__state_copy_program(amlz_program *to, const amlz_program *from)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        to->size[f] = from->size[f];
        memcpy(to->code[f], from->code[f], from->size[f] * sizeof(amlz_instruction));
    }
}

void amlz__state_load(const shelf *s, uint32_t i, amlz_program *program)
{
    const amlz_instruction *code = s->code + i * s->code_size;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        program->size[f] = s->entries[i].size[f];
        memcpy(program->code[f], code + s->code_start[f], program->size[f] * sizeof *code);
    }
}

void amlz__state_store(shelf *s, uint32_t i, const amlz_program *program, const amlz_member *member, uint64_t key)
{
    amlz_instruction *code = s->code + i * s->code_size;
    s->entries[i].member = *member;
    s->entries[i].key = key;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        s->entries[i].size[f] = program->size[f];
        memcpy(code + s->code_start[f], program->code[f], program->size[f] * sizeof *code);
    }
}

uint32_t amlz__state_by_age(const search_state *state, uint32_t index)
{
    const uint32_t to_end = state->progress.population - state->oldest;
    return index < to_end ? state->oldest + index : index - to_end;
}

/* Where the history is full, every second entry makes room: what is left still spans the whole search. */
void amlz__state_add_history(search_state *state, const amlz_member *member)
{
    if (state->history_size == 0) {
        return;
    }
    if (state->n_history == state->history_size) {
        const uint32_t kept = state->n_history / 2;
        for (uint32_t i = 0; i < kept; i++) {
            state->history[i] = state->history[2 * i];
        }
        state->n_history = kept;
    }
    state->history[state->n_history++] = *member;
}

void amlz__state_record(search_state *state, const amlz_program *program, const amlz_member *member, uint64_t key, int n_live)
{
    amlz_progress *p = &state->progress;
    if (member->fitness > p->best_fitness) {
        p->best_fitness = member->fitness;
        p->best_evaluation = member->birth;
        state->best_member = *member;
        amlz__state_copy_program(&state->best, program);
        amlz__state_add_history(state, member);
    }
    if (n_live >= 0) {
        const amlz_member *champion = &state->hall.entries[n_live].member;
        if (champion->birth == 0 || member->fitness > champion->fitness) {
            amlz__state_store(&state->hall, (uint32_t)n_live, program, member, key);
        }
    }
}

void amlz__state_add(search_state *state, const amlz_program *program, const amlz_member *member, uint64_t key)
{
    amlz_progress *p = &state->progress;
    if (p->population < state->population.capacity) {
        amlz__state_store(&state->population, p->population++, program, member, key);
    } else {
        amlz__state_store(&state->population, state->oldest, program, member, key);
        state->oldest = state->oldest + 1 == p->population ? 0 : state->oldest + 1;
    }
}

static void swap_entries(shelf *s, uint32_t i, uint32_t j)
{
    const shelf_entry entry = s->entries[i];
    s->entries[i] = s->entries[j];
    s->entries[j] = entry;
    amlz_instruction *a = s->code + i * s->code_size, *b = s->code + j * s->code_size;
    for (size_t k = 0; k < s->code_size; k++) {
        const amlz_instruction instruction = a[k];
        a[k] = b[k];
        b[k] = instruction;
    }
}

static void reverse(shelf *s, uint32_t from, uint32_t to)
{
    while (from + 1 < to) {
        swap_entries(s, from++, --to);
    }
}

void amlz__state_turn_ring(search_state *state)
{
    const uint32_t n = state->progress.population, places = (uint32_t)(state->progress.evaluations % n);
    reverse(&state->population, 0, n);
    reverse(&state->population, 0, places);
    reverse(&state->population, places, n);
    state->oldest = places;
}
