#include "search/edit.h"

#include <string.h>

#include "program/liveness.h"
#include "search/draw.h"
#include "search/state.h"

/* ---------------------------------------------------------------- what there is to choose from */

uint32_t amlz__edit_slots(const edit *e, edit_slot found[EDIT_MAX_SLOTS])
{
    uint32_t n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; edit_is_open(e, f) && i < e->program->size[f]; i++) {
            for (int operand = 0; operand < 2; operand++) {
                if (edit_type_at(&e->program->code[f][i], operand) != AMLZ_NONE) {
                    const edit_slot slot = {(uint8_t)f, (uint8_t)i, (uint8_t)operand};
                    found[n++] = slot;
                }
            }
        }
    }
    return n;
}

uint32_t amlz__edit_readable(const edit *e, int f, int type, uint8_t found[AMLZ_ADDRESSES])
{
    uint32_t n = 0;
    for (unsigned a = 0; a < program_addresses(&e->space->dims, type); a++) {
        const unsigned bit = e->places.first[type] + a;
        if ((bit != e->places.label || f == AMLZ_LEARN) && (bit != e->places.features || f != AMLZ_SETUP)) {
            found[n++] = (uint8_t)a;
        }
    }
    return n;
}

uint32_t amlz__edit_writable(const edit *e, int type, const uint64_t *set, int is_in, uint8_t found[AMLZ_ADDRESSES])
{
    const amlz_dims *dims = &e->space->dims;
    uint32_t n = 0;
    for (unsigned a = program_first_writable(dims, type); a < program_addresses(dims, type); a++) {
        if ((int)flow_has(set, e->places.first[type] + a) == is_in) {
            found[n++] = (uint8_t)a;
        }
    }
    return n;
}

static int can_read(const edit *e, int f, int type)
{
    uint8_t found[AMLZ_ADDRESSES];
    return type == AMLZ_NONE || amlz__edit_readable(e, f, type, found) > 0;
}

uint32_t amlz__edit_ops(const edit *e, int f, int type, uint8_t found[AMLZ_MAX_OPS])
{
    const amlz_function_space *function = &e->space->function[f];
    uint32_t n = 0;
    for (unsigned i = 0; i < function->n_ops; i++) {
        const amlz_op_info *info = amlz__ops_table[function->ops[i]];
        if (info->out == type && can_read(e, f, info->in1) && can_read(e, f, info->in2)) {
            found[n++] = function->ops[i];
        }
    }
    return n;
}

void amlz__edit_wanted(const edit *e, int f, size_t line, uint64_t set[FLOW_WORDS])
{
    memcpy(set, e->behind[f], sizeof e->behind[f]);
    for (size_t i = e->program->size[f]; i-- > line;) {
        flow_step_back(&e->places, &e->program->code[f][i], set, 0);
    }
}

/* ---------------------------------------------------------------- lines */

static uint8_t draw_readable(const edit *e, int f, int type)
{
    uint8_t found[AMLZ_ADDRESSES];
    return type == AMLZ_NONE ? 0 : edit_pick(e, found, amlz__edit_readable(e, f, type, found));
}

amlz_instruction amlz__edit_draw_line(const edit *e, int f, int op, uint8_t out)
{
    const amlz_op_info *info = amlz__ops_table[op];
    amlz_instruction x = {(uint8_t)op, out, 0, 0, {0}};
    x.in1 = draw_readable(e, f, info->in1);
    x.in2 = draw_readable(e, f, info->in2);
    draw_constants(info, e->range, e->rng, &x);
    return x;
}

int amlz__edit_draw_operand(const edit *e, int type, const amlz_instruction *x)
{
    const int fits[2] = {edit_type_at(x, 0) == type, edit_type_at(x, 1) == type};
    return fits[0] && fits[1] ? (int)rng_below(e->rng, 2) : fits[0] ? 0 : fits[1] ? 1 : -1;
}

void amlz__edit_insert(amlz_program *program, int f, size_t place, const amlz_instruction *x)
{
    amlz_instruction *code = program->code[f];
    memmove(code + place + 1, code + place, (program->size[f] - place) * sizeof *code);
    code[place] = *x;
    program->size[f]++;
}

void amlz__edit_remove(amlz_program *program, int f, size_t place)
{
    amlz_instruction *code = program->code[f];
    memmove(code + place, code + place + 1, (program->size[f] - place - 1) * sizeof *code);
    program->size[f]--;
}

/* ---------------------------------------------------------------- dead lines */

/* Removes dead lines where functions are open, and finds out what is wanted, which does not depend on them. */
static void keep_live(edit *e)
{
    uint8_t live[AMLZ_FUNCTION_COUNT][AMLZ_CAPACITY];
    amlz__liveness_wanted(e->program, &e->space->dims, live, e->behind);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        uint16_t kept = 0;
        for (size_t i = 0; edit_is_open(e, f) && i < e->program->size[f]; i++) {
            if (live[f][i]) {
                e->program->code[f][kept++] = e->program->code[f][i];
            }
        }
        e->program->size[f] = edit_is_open(e, f) ? kept : e->program->size[f];
    }
}

/* The cheapest line that is dead where the set is wanted behind it; 0 if each would write something wanted. */
static int find_dead_line(const edit *e, int f, const uint64_t *set, amlz_instruction *line)
{
    const amlz_function_space *function = &e->space->function[f];
    const amlz_op_info *cheapest = NULL;
    for (unsigned i = 0; i < function->n_ops; i++) {
        const amlz_op_info *info = amlz__ops_table[function->ops[i]];
        uint8_t unwanted[AMLZ_ADDRESSES] = {0};
        const uint32_t n_features = e->space->dims.n_features;
        if ((info->out == AMLZ_NONE || amlz__edit_writable(e, info->out, set, 0, unwanted) > 0) &&
            (cheapest == NULL || program_op_cost(info, n_features) < program_op_cost(cheapest, n_features))) {
            const amlz_instruction x = {function->ops[i], unwanted[0], 0, 0, {0}};
            *line = x;
            cheapest = info;
        }
    }
    return cheapest != NULL;
}

/* Fills a function up with dead lines, as far behind as they can stand; 0 if there are none. */
static int fill_up(edit *e, int f, uint16_t size)
{
    uint64_t set[FLOW_WORDS];
    amlz_instruction line;
    size_t place = e->program->size[f];
    memcpy(set, e->behind[f], sizeof set);
    if (place >= size) {
        return 1;
    }
    while (!find_dead_line(e, f, set, &line)) {
        if (place == 0) {
            return 0;
        }
        flow_step_back(&e->places, &e->program->code[f][--place], set, 0);
    }
    while (e->program->size[f] < size) {
        amlz__edit_insert(e->program, f, place, &line);
    }
    return 1;
}

/* The lines that a function must have at least: a search may begin with fewer than min_size. */
static uint16_t least_size(const edit *e, int f, const amlz_program *before)
{
    const uint16_t min_size = e->space->function[f].min_size;
    return min_size < before->size[f] ? min_size : before->size[f];
}

static void begin(edit *e, const amlz_space *space, draw_range range, rng_state *rng, amlz_program *program)
{
    e->space = space;
    e->range = range;
    e->rng = rng;
    e->program = program;
    e->places = flow_places_of(&space->dims);
    keep_live(e);
}

void amlz__edit_simplify(const amlz_space *space, amlz_program *program)
{
    amlz_program before;
    edit e;
    amlz__state_copy_program(&before, program);
    begin(&e, space, DRAW_AS_THE_PAPER, NULL, program);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (edit_is_open(&e, f) && !fill_up(&e, f, least_size(&e, f, &before))) {
            program->size[f] = before.size[f];
            memcpy(program->code[f], before.code[f], before.size[f] * sizeof before.code[f][0]);
        }
    }
}

/* ---------------------------------------------------------------- one edit */

static int change(edit *e, amlz_mutation action)
{
    switch (action) {
    case AMLZ_MUTATE_REWIRE: return amlz__edit_rewire(e);
    case AMLZ_MUTATE_INSERT_ON_EDGE: return amlz__edit_insert_on_edge(e);
    case AMLZ_MUTATE_CHANGE_OP: return amlz__edit_change_op(e);
    case AMLZ_MUTATE_BYPASS: return amlz__edit_bypass(e);
    case AMLZ_MUTATE_MOVE: return amlz__edit_move(e);
    case AMLZ_MUTATE_ADD_STATE: return amlz__edit_add_state(e);
    case AMLZ_MUTATE_INITIALIZE: return amlz__edit_initialize(e);
    case AMLZ_MUTATE_REGROW: return amlz__edit_regrow(e);
    default: return 0; /* no live edit */
    }
}

void amlz__edit_apply(const amlz_space *space, draw_range range, amlz_mutation action, rng_state *rng,
                      amlz_program *program)
{
    amlz_program before;
    edit e;
    amlz__state_copy_program(&before, program);
    begin(&e, space, range, rng, program);
    int is_done = change(&e, action);
    keep_live(&e);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT && is_done; f++) {
        is_done = !edit_is_open(&e, f) || fill_up(&e, f, least_size(&e, f, &before));
    }
    if (!is_done) {
        amlz__state_copy_program(program, &before);
    }
}

void amlz__edit_grow_program(const amlz_space *space, draw_range range, rng_state *rng, amlz_program *program)
{
    static const int order[] = {AMLZ_PREDICT, AMLZ_LEARN, AMLZ_SETUP}; /* what each wants is known once those before it are */
    edit e;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        program->size[f] = space->function[f].n_ops > 0 ? 0 : program->size[f];
    }
    begin(&e, space, range, rng, program);
    for (int i = 0; i < AMLZ_FUNCTION_COUNT; i++) {
        if (edit_is_open(&e, order[i])) {
            amlz__edit_grow_function(&e, order[i], 0);
        }
    }
    keep_live(&e);
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (edit_is_open(&e, f)) {
            fill_up(&e, f, space->function[f].min_size);
        }
    }
}
