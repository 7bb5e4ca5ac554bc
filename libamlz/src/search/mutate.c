#include "search/mutate.h"

#include <string.h>

#include "base/portability.h"
#include "search/draw.h"
#include "search/edit.h"

static void draw_instruction(const amlz_space *space, draw_range range, int f, rng_state *rng, amlz_instruction *out)
{
    const amlz_function_space *function = &space->function[f];
    const uint8_t op = function->ops[rng_below(rng, function->n_ops)];
    const amlz_op_info *info = amlz__ops_table[op];
    out->op = op;
    out->out = draw_output(&space->dims, info->out, rng);
    out->in1 = draw_input(&space->dims, info->in1, rng);
    out->in2 = draw_input(&space->dims, info->in2, rng);
    draw_constants(info, range, rng, out);
}

static void randomize_function(const amlz_space *space, draw_range range, int f, rng_state *rng, amlz_program *program)
{
    for (size_t i = 0; i < program->size[f]; i++) {
        draw_instruction(space, range, f, rng, &program->code[f][i]);
    }
}

void amlz__mutate_random_program(const amlz_space *space, draw_range range, rng_state *rng, amlz_program *program)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (space->function[f].n_ops > 0) {
            program->size[f] = space->function[f].init_size;
            randomize_function(space, range, f, rng, program);
        }
    }
}

static int can_grow(const amlz_space *space, int f, const amlz_program *program)
{
    return program->size[f] < space->function[f].max_size;
}
static int can_shrink(const amlz_space *space, int f, const amlz_program *program)
{
    return program->size[f] > space->function[f].min_size;
}
static int has_code(const amlz_space *space, int f, const amlz_program *program)
{
    (void)space;
    return program->size[f] > 0;
}
static int is_open(const amlz_space *space, int f, const amlz_program *program)
{
    (void)space, (void)f, (void)program;
    return 1;
}

/* A function drawn uniformly from those that have ops and pass; -1 if there is none. */
static int draw_function(const amlz_space *space, const amlz_program *program, rng_state *rng,
                         int (*passes)(const amlz_space *, int, const amlz_program *))
{
    int candidates[AMLZ_FUNCTION_COUNT];
    uint32_t n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (space->function[f].n_ops > 0 && passes(space, f, program)) {
            candidates[n++] = f;
        }
    }
    return n == 0 ? -1 : candidates[rng_below(rng, n)];
}

static void insert_into(const amlz_space *space, draw_range range, int f, rng_state *rng, amlz_program *program)
{
    amlz_instruction *code = program->code[f];
    const size_t size = program->size[f], place = rng_below(rng, (uint32_t)size + 1);
    memmove(code + place + 1, code + place, (size - place) * sizeof *code);
    draw_instruction(space, range, f, rng, code + place);
    program->size[f]++;
}

static void remove_from(int f, rng_state *rng, amlz_program *program)
{
    amlz_instruction *code = program->code[f];
    const size_t size = program->size[f], place = rng_below(rng, (uint32_t)size);
    memmove(code + place, code + place + 1, (size - place - 1) * sizeof *code);
    program->size[f]--;
}

static uint32_t count_used(uint8_t a, uint8_t b, uint8_t c)
{
    return (a != 0 ? 1U : 0U) + (b != 0 ? 1U : 0U) + (c != 0 ? 1U : 0U);
}

/* One of the real arguments, uniformly: addresses that the op uses, then its constants. */
static void alter_argument(const amlz_dims *dims, rng_state *rng, amlz_instruction *instruction)
{
    const amlz_op_info *info = amlz__ops_table[instruction->op];
    const uint32_t n_addresses = count_used(info->out, info->in1, info->in2);
    const uint32_t n_constants = count_used(info->constant[0], info->constant[1], info->constant[2]);
    if (n_addresses + n_constants == 0) {
        return; /* no_op */
    }
    const uint32_t choice = rng_below(rng, n_addresses + n_constants);
    if (choice < n_addresses) { /* out is there whenever an input is, in1 whenever in2 is */
        switch (choice) {
        case 0: instruction->out = draw_output(dims, info->out, rng); break;
        case 1: instruction->in1 = draw_input(dims, info->in1, rng); break;
        default: instruction->in2 = draw_input(dims, info->in2, rng); break;
        }
        return;
    }
    double *constant = &instruction->constant[choice - n_addresses];
    const int kind = info->constant[choice - n_addresses];
    if (kind == AMLZ_CONSTANT_INDEX) {
        *constant = rng_uniform(rng);
        return;
    }
    const double scaled = *constant * (0.5 + 1.5 * rng_uniform(rng));
    const int flips = kind == AMLZ_CONSTANT_REAL && rng_chance(rng, 0.1);
    if (scaled - scaled == 0) { /* else it would overflow to infinity */
        *constant = flips ? -scaled : scaled;
    }
}

void amlz__mutate_apply(const amlz_space *space, draw_range range, amlz_mutation action, rng_state *rng,
                        amlz_program *program)
{
    int f;
    switch (action) {
    case AMLZ_MUTATE_INSERT:
        if ((f = draw_function(space, program, rng, can_grow)) >= 0) {
            insert_into(space, range, f, rng, program);
        }
        break;
    case AMLZ_MUTATE_REMOVE:
        if ((f = draw_function(space, program, rng, can_shrink)) >= 0) {
            remove_from(f, rng, program);
        }
        break;
    case AMLZ_MUTATE_TRADE: /* in this order it can apply to a full function too */
        if ((f = draw_function(space, program, rng, has_code)) >= 0) {
            remove_from(f, rng, program);
            insert_into(space, range, f, rng, program);
        }
        break;
    case AMLZ_MUTATE_RANDOMIZE_INSTRUCTION:
        if ((f = draw_function(space, program, rng, has_code)) >= 0) {
            draw_instruction(space, range, f, rng, &program->code[f][rng_below(rng, program->size[f])]);
        }
        break;
    case AMLZ_MUTATE_RANDOMIZE_FUNCTION:
        if ((f = draw_function(space, program, rng, is_open)) >= 0) {
            randomize_function(space, range, f, rng, program);
        }
        break;
    case AMLZ_MUTATE_ALTER_ARGUMENT:
        if ((f = draw_function(space, program, rng, has_code)) >= 0) {
            alter_argument(&space->dims, rng, &program->code[f][rng_below(rng, program->size[f])]);
        }
        break;
    case AMLZ_MUTATE_RANDOMIZE_PROGRAM: amlz__mutate_random_program(space, range, rng, program); break;
    case AMLZ_MUTATE_IDENTITY: break;
    case AMLZ_MUTATE_REWIRE:
    case AMLZ_MUTATE_INSERT_ON_EDGE:
    case AMLZ_MUTATE_CHANGE_OP:
    case AMLZ_MUTATE_BYPASS:
    case AMLZ_MUTATE_MOVE:
    case AMLZ_MUTATE_ADD_STATE:
    case AMLZ_MUTATE_INITIALIZE:
    case AMLZ_MUTATE_REGROW: amlz__edit_apply(space, range, action, rng, program); break;
    }
}

amlz_mutation amlz__mutate_draw(const double weights[AMLZ_MUTATION_COUNT], rng_state *rng)
{
    double sum = 0;
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        sum += weights[i];
    }
    double left = rng_uniform(rng) * sum;
    int last = 0;
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        if (weights[i] > 0) {
            last = i; /* rounding must not let the draw run off the end */
            left -= weights[i];
            if (left < 0) {
                break;
            }
        }
    }
    return (amlz_mutation)last;
}

amlz_mutation amlz__mutate_child(const amlz_search_config *config, rng_state *rng, amlz_program *program)
{
    amlz_mutation action;
    uint32_t n = 0;
    do {
        action = amlz__mutate_draw(config->mutation_weight, rng);
        amlz__mutate_apply(&config->space, draw_range_of(config), action, rng, program);
    } while (++n < config->max_mutations && rng_chance(rng, 0.5));
    return action;
}

int amlz__mutate_weights_valid(const double weights[AMLZ_MUTATION_COUNT])
{
    double sum = 0;
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        if (!(weights[i] >= 0)) {
            return 0;
        }
        sum += weights[i];
    }
    return sum > 0 && sum - sum == 0;
}

const char *amlz_mutation_name(int mutation)
{
    switch (mutation) {
    case AMLZ_MUTATE_INSERT: return "insert";
    case AMLZ_MUTATE_REMOVE: return "remove";
    case AMLZ_MUTATE_RANDOMIZE_INSTRUCTION: return "randomize_instruction";
    case AMLZ_MUTATE_RANDOMIZE_FUNCTION: return "randomize_function";
    case AMLZ_MUTATE_ALTER_ARGUMENT: return "alter_argument";
    case AMLZ_MUTATE_TRADE: return "trade";
    case AMLZ_MUTATE_RANDOMIZE_PROGRAM: return "randomize_program";
    case AMLZ_MUTATE_IDENTITY: return "identity";
    case AMLZ_MUTATE_REWIRE: return "rewire";
    case AMLZ_MUTATE_INSERT_ON_EDGE: return "insert_on_edge";
    case AMLZ_MUTATE_CHANGE_OP: return "change_op";
    case AMLZ_MUTATE_BYPASS: return "bypass";
    case AMLZ_MUTATE_MOVE: return "move";
    case AMLZ_MUTATE_ADD_STATE: return "add_state";
    case AMLZ_MUTATE_INITIALIZE: return "initialize";
    case AMLZ_MUTATE_REGROW: return "regrow";
    default: return NULL;
    }
}

amlz_status amlz_program_random(const amlz_space *space, uint64_t seed, amlz_program *program)
{
    rng_state rng;
    if (program == NULL || amlz_space_check(space, NULL) != AMLZ_OK) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    rng_seed(&rng, seed);
    amlz__mutate_random_program(space, DRAW_AS_THE_PAPER, &rng, program);
    port_fp_leave(caller);
    return AMLZ_OK;
}

static PORT_NOINLINE amlz_status mutate_once(const amlz_space *space, const double *weights, uint64_t *seed,
                                             amlz_program *program, int *action)
{
    rng_state rng;
    if (!amlz__mutate_weights_valid(weights)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (amlz_program_check(program, &space->dims, NULL) != AMLZ_OK) {
        return AMLZ_ERROR_PROGRAM;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) { /* else inserting could run over a function's end */
        if (space->function[f].n_ops > 0 && program->size[f] > space->function[f].max_size) {
            return AMLZ_ERROR_PROGRAM;
        }
    }
    rng_seed(&rng, *seed);
    const amlz_mutation drawn = amlz__mutate_draw(weights, &rng);
    amlz__mutate_apply(space, DRAW_AS_THE_PAPER, drawn, &rng, program);
    *seed = rng_next(&rng);
    if (action != NULL) {
        *action = (int)drawn;
    }
    return AMLZ_OK;
}

amlz_status amlz_mutate(const amlz_space *space, const double *weights, uint64_t *seed, amlz_program *program, int *action)
{
    if (weights == NULL || seed == NULL || program == NULL || amlz_space_check(space, NULL) != AMLZ_OK) {
        return AMLZ_ERROR_ARGUMENT;
    }
    const port_fp_state caller = port_fp_enter();
    const amlz_status status = mutate_once(space, weights, seed, program, action);
    port_fp_leave(caller);
    return status;
}
