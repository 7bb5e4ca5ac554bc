/* Edits of what passes from function to function, and of whole functions. */
#include <string.h>

#include "program/liveness.h"
#include "search/edit.h"

/* ---------------------------------------------------------------- a new state */

/* Addresses that would bring what is written to them behind Learn to the operand, and that nobody else wants from there. */
static uint32_t new_states(const edit *e, edit_slot slot, uint8_t found[AMLZ_ADDRESSES])
{
    uint64_t set[FLOW_WORDS];
    memcpy(set, e->behind[AMLZ_LEARN], sizeof set);
    for (int f = AMLZ_PREDICT; f <= slot.f; f++) {
        const size_t end = f == slot.f ? slot.line : e->program->size[f];
        for (size_t i = 0; i < end; i++) { /* written on the way */
            const amlz_instruction *x = &e->program->code[f][i];
            flow_add(set, e->places.first[amlz__ops_table[x->op]->out] + x->out);
        }
    }
    return amlz__edit_writable(e, edit_type_at(edit_line_of(e, slot), slot.operand), set, 0, found);
}

int amlz__edit_add_state(edit *e)
{
    edit_slot slots[EDIT_MAX_SLOTS];
    uint8_t ops[AMLZ_MAX_OPS], states[AMLZ_ADDRESSES];
    const uint32_t all = amlz__edit_slots(e, slots);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all && edit_has_room(e, AMLZ_LEARN); i++) {
        const int type = edit_type_at(edit_line_of(e, slots[i]), slots[i].operand);
        if (slots[i].f != AMLZ_SETUP && amlz__edit_ops(e, AMLZ_LEARN, type, ops) > 0 && new_states(e, slots[i], states) > 0) {
            slots[n++] = slots[i];
        }
    }
    if (n == 0) {
        return 0;
    }
    const edit_slot slot = slots[rng_below(e->rng, n)];
    const int type = edit_type_at(edit_line_of(e, slot), slot.operand);
    const uint8_t state = edit_pick(e, states, new_states(e, slot, states));
    const uint8_t op = edit_pick(e, ops, amlz__edit_ops(e, AMLZ_LEARN, type, ops));
    amlz_instruction update = amlz__edit_draw_line(e, AMLZ_LEARN, op, state);
    const int link = amlz__edit_draw_operand(e, type, &update);
    if (link >= 0 && rng_chance(e->rng, 0.5)) {
        *edit_address_at(&update, link) = state;
    }
    *edit_address_at(edit_line_of(e, slot), slot.operand) = state;
    amlz__edit_insert(e->program, AMLZ_LEARN, e->program->size[AMLZ_LEARN], &update);
    return 1;
}

/* ---------------------------------------------------------------- a line of Setup */

enum { ADD, REPLACE, REMOVE, N_WAYS };

/* The last line of Setup that writes an address; its size if there is none. */
static size_t last_writer(const edit *e, int type, uint8_t address)
{
    const size_t size = e->program->size[AMLZ_SETUP];
    for (size_t i = size; i-- > 0;) {
        const amlz_instruction *x = &e->program->code[AMLZ_SETUP][i];
        if (amlz__ops_table[x->op]->out == type && x->out == address) {
            return i;
        }
    }
    return size;
}

/* What can be done for the initial value of an address. */
static uint32_t list_ways(const edit *e, int type, uint8_t address, uint8_t ways[N_WAYS])
{
    uint8_t ops[AMLZ_MAX_OPS];
    const int is_written = last_writer(e, type, address) < e->program->size[AMLZ_SETUP];
    const int has_ops = amlz__edit_ops(e, AMLZ_SETUP, type, ops) > 0;
    uint32_t n = 0;
    if (has_ops && edit_has_room(e, AMLZ_SETUP)) {
        ways[n++] = ADD;
    }
    if (has_ops && is_written) {
        ways[n++] = REPLACE;
    }
    if (is_written) {
        ways[n++] = REMOVE;
    }
    return n;
}

/* The drawn one of the addresses that can be initialized in another way: how many there are if there is no such number. */
static uint32_t find_initial(const edit *e, uint32_t drawn, int *type, uint8_t *address)
{
    uint32_t n = 0;
    for (*type = AMLZ_SCALAR; *type <= AMLZ_MATRIX; ++*type) {
        uint8_t wanted[AMLZ_ADDRESSES], ways[N_WAYS];
        const uint32_t n_wanted = amlz__edit_writable(e, *type, e->behind[AMLZ_SETUP], 1, wanted);
        for (uint32_t i = 0; i < n_wanted; i++) {
            *address = wanted[i];
            if (list_ways(e, *type, *address, ways) > 0 && n++ == drawn) {
                return n;
            }
        }
    }
    return n;
}

int amlz__edit_initialize(edit *e)
{
    int type;
    uint8_t address, ways[N_WAYS], ops[AMLZ_MAX_OPS];
    const uint32_t n = edit_is_open(e, AMLZ_SETUP) ? find_initial(e, UINT32_MAX, &type, &address) : 0;
    if (n == 0) {
        return 0;
    }
    find_initial(e, rng_below(e->rng, n), &type, &address);
    const uint8_t way = edit_pick(e, ways, list_ways(e, type, address, ways));
    const size_t place = way == ADD ? e->program->size[AMLZ_SETUP] : last_writer(e, type, address);
    if (way != ADD) {
        amlz__edit_remove(e->program, AMLZ_SETUP, place);
    }
    if (way != REMOVE) {
        const uint8_t op = edit_pick(e, ops, amlz__edit_ops(e, AMLZ_SETUP, type, ops));
        const amlz_instruction x = amlz__edit_draw_line(e, AMLZ_SETUP, op, address);
        amlz__edit_insert(e->program, AMLZ_SETUP, place, &x);
    }
    return 1;
}

/* ---------------------------------------------------------------- regrow */

/* Ops of a function that can write something wanted. */
static uint32_t wanted_ops(const edit *e, int f, const uint64_t *set, uint8_t found[AMLZ_MAX_OPS])
{
    uint32_t n = 0;
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        uint8_t wanted[AMLZ_ADDRESSES];
        if (amlz__edit_writable(e, type, set, 1, wanted) > 0) {
            n += amlz__edit_ops(e, f, type, found + n);
        }
    }
    return n;
}

/* How many addresses are wanted that can be written. */
static uint32_t count_wanted(const edit *e, const uint64_t *set)
{
    uint8_t wanted[AMLZ_ADDRESSES];
    uint32_t n = 0;
    for (int type = AMLZ_SCALAR; type <= AMLZ_MATRIX; type++) {
        n += amlz__edit_writable(e, type, set, 1, wanted);
    }
    return n;
}

/* Puts up to n lines before the first, one before the other, each for something that is wanted. */
static void grow(edit *e, int f, uint32_t n)
{
    uint8_t ops[AMLZ_MAX_OPS], wanted[AMLZ_ADDRESSES];
    uint64_t set[FLOW_WORDS];
    uint32_t n_ops;
    amlz__edit_wanted(e, f, 0, set);
    for (; n > 0 && (n_ops = wanted_ops(e, f, set, ops)) > 0; n--) {
        const uint8_t op = edit_pick(e, ops, n_ops);
        const uint8_t out = edit_pick(e, wanted, amlz__edit_writable(e, amlz__ops_table[op]->out, set, 1, wanted));
        const amlz_instruction x = amlz__edit_draw_line(e, f, op, out);
        amlz__edit_insert(e->program, f, 0, &x);
        flow_step_back(&e->places, &x, set, 0);
    }
}

/* Setup gets no more lines than there are addresses that want an initial value. */
void amlz__edit_grow_function(edit *e, int f, uint16_t kept)
{
    const uint16_t size = e->program->size[f];
    memmove(e->program->code[f], e->program->code[f] + size - kept, kept * sizeof e->program->code[f][0]);
    e->program->size[f] = kept;
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz__liveness_wanted(e->program, &e->space->dims, live, e->behind);
    uint32_t most = (uint32_t)e->space->function[f].max_size - kept;
    if (f == AMLZ_SETUP) {
        uint64_t set[FLOW_WORDS];
        amlz__edit_wanted(e, f, 0, set);
        const uint32_t n_wanted = count_wanted(e, set);
        most = n_wanted < most ? n_wanted : most;
    }
    grow(e, f, most == 0 ? 0 : 1 + rng_below(e->rng, most));
}

int amlz__edit_regrow(edit *e)
{
    int open[AMLZ_FUNCTION_COUNT];
    uint32_t n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (edit_is_open(e, f) && e->space->function[f].max_size > 0) {
            open[n++] = f;
        }
    }
    if (n == 0) {
        return 0;
    }
    const int f = open[rng_below(e->rng, n)];
    const uint16_t size = e->program->size[f];
    amlz__edit_grow_function(e, f, (uint16_t)(size == 0 ? 0 : rng_below(e->rng, size)));
    return 1;
}
