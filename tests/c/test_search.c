/* Searches: the cycle of regularized evolution, random search, caches, what is refused. */
#include <fenv.h>

#include "base/rng.h"
#include "search_fixtures.h"

/* Recorded once; every build on every machine has to give them. */
static void test_golden_digests(void)
{
    static const uint64_t expected[2] = {UINT64_C(0x8f7aa00199a90c0a), UINT64_C(0xfff808641d3697cf)};
    for (int precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
        amlz_search_config config = config_of(1);
        config.precision = (uint8_t)precision;
        CHECK_EQ_U64(digest_of(&config, tasks_for((amlz_precision)precision), 3000), expected[precision]);
    }
    blocks_free();
}

static void test_repeats(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_search_config one = config_of(1), two = config_of(2);
    const uint64_t whole = digest_of(&one, tasks, 500);
    CHECK_EQ_U64(digest_of(&one, tasks, 500), whole);
    CHECK(digest_of(&two, tasks, 500) != whole);
    for (uint64_t cut = 0; cut <= 500; cut += 7) { /* also within the first population */
        amlz_search *search = search_new(&one, tasks, NULL);
        amlz_search_run(search, cut, 2, NULL);
        amlz_search_run(search, 500 - cut, 2, NULL);
        CHECK_EQ_U64(amlz_search_digest(search), whole);
    }
    for (int variant = AMLZ_VARIANT_BASELINE; variant < AMLZ_VARIANT_COUNT; variant++) {
        amlz_search_config forced = one;
        forced.variant = (uint8_t)variant;
        if (amlz_variant_available(variant)) {
            CHECK_EQ_U64(digest_of(&forced, tasks, 500), whole);
        }
    }
    fesetround(FE_UPWARD);
    const uint64_t rounded_up = digest_of(&one, tasks, 500);
    CHECK_EQ_INT(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    CHECK_EQ_U64(rounded_up, whole);
    blocks_free();
}

/* The child takes the place of the oldest: member i becomes member i - 1, and the child the last. */
static void test_ages(void)
{
    const amlz_search_config config = config_of(3);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program before[20], now;
    amlz_progress progress = {.struct_size = sizeof progress};
    double fitness, best = -1;
    CHECK_EQ_INT(amlz_search_best(search, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    for (uint32_t n = 1; n <= 300; n++) {
        CHECK_EQ_INT(amlz_search_run(search, 1, 2, &progress), AMLZ_OK);
        CHECK_EQ_U64(progress.evaluations, n);
        CHECK_EQ_U64(progress.population, n < 20 ? n : 20);
        const uint32_t last = progress.population - 1;
        for (uint32_t i = 0; i < last; i++) {
            CHECK_EQ_INT(amlz_search_member(search, i, &now, NULL), AMLZ_OK);
            CHECK(amlz_program_equal(&now, &before[n > 20 ? i + 1 : i]));
        }
        for (uint32_t i = 0; i <= last; i++) {
            amlz_search_member(search, i, &before[i], &fitness);
            CHECK(fitness <= progress.best_fitness);
            CHECK_EQ_INT(amlz_program_check(&before[i], &config.space.dims, NULL), AMLZ_OK);
        }
        amlz_search_member(search, last, &now, &fitness);
        if (fitness > best) { /* the newest is the best, and is kept as such */
            amlz_program kept;
            best = fitness;
            CHECK_EQ_U64(progress.best_evaluation, n);
            CHECK_EQ_INT(amlz_search_best(search, &kept, NULL), AMLZ_OK);
            CHECK(amlz_program_equal(&kept, &now));
        }
        CHECK_EQ_F64BITS(progress.best_fitness, best);
    }
    CHECK_EQ_INT(amlz_search_member(search, 20, &now, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

/* With a tournament that leaves nobody out and no mutation, all become copies of the fittest (there may be equals). */
static void test_selection(void)
{
    amlz_search_config config = config_of(4);
    double fitness;
    config.tournament_size = 400;
    config.mutate_prob = 0;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(search, 20, 2, NULL);
    amlz_search_best(search, NULL, &fitness);
    amlz_search_run(search, 20, 2, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        double own;
        amlz_search_member(search, i, NULL, &own);
        CHECK_EQ_F64BITS(own, fitness);
    }
    blocks_free();
}

static void test_fitness_and_counts(void)
{
    for (int fec = 0; fec < 2; fec++) {
        amlz_search_config config = config_of(5);
        config.precision = AMLZ_FLOAT64;
        config.fec_size = fec ? 50 : 0;
        config.max_cost = 25;
        const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT64);
        amlz_search *search = search_new(&config, tasks, NULL);
        amlz_evaluator *evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT64, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        amlz_progress p = {.struct_size = sizeof p};
        amlz_search_run(search, 2000, 2, &p);
        CHECK_EQ_U64(p.cache_hits + p.fec_hits + p.full_evaluations + p.rejected, 2000);
        CHECK_EQ_U64(p.probes, fec ? p.fec_hits + p.full_evaluations : 0);
        CHECK(p.cache_hits > 0 && p.rejected > 0 && p.full_evaluations > 0 && (p.fec_hits > 0) == fec);
        for (uint32_t i = 0; i < 20 && !fec; i++) {
            amlz_program member;
            amlz_evaluation result = {.struct_size = sizeof result};
            double fitness;
            amlz_search_member(search, i, &member, &fitness);
            amlz_evaluate(evaluator, tasks, &member, 1, &result, NULL);
            CHECK_EQ_F64BITS(fitness, amlz_program_cost(&member, F) > 25 ? 0 : result.fitness);
        }
        blocks_free();
    }
}

static void test_starts(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_program start =
        program_of("def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v1)\ndef Learn():\n s3 = s0 - s1\n", F);
    amlz_program member;
    amlz_search_config config = config_of(6);
    config.start = AMLZ_START_PROGRAM;
    amlz_search *search = search_new(&config, tasks, &start);
    amlz_search_run(search, 20, 2, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        amlz_search_member(search, i, &member, NULL);
        CHECK(amlz_program_equal(&member, &start));
    }
    config.start = AMLZ_START_EMPTY;
    config.space.function[AMLZ_PREDICT].n_ops = 0; /* that one is the start program's, for ever */
    search = search_new(&config, tasks, &start);
    amlz_search_run(search, 20, 2, NULL);
    amlz_search_member(search, 0, &member, NULL);
    CHECK(member.size[AMLZ_SETUP] == 0 && member.size[AMLZ_PREDICT] == 1 && member.size[AMLZ_LEARN] == 0);
    for (int algorithm = AMLZ_EVOLUTION; algorithm <= AMLZ_RANDOM_SEARCH; algorithm++) {
        config.start = AMLZ_START_RANDOM;
        config.algorithm = (uint8_t)algorithm;
        search = search_new(&config, tasks, &start);
        amlz_search_run(search, 400, 2, NULL);
        for (uint32_t i = 0; i < 20; i++) {
            amlz_search_member(search, i, &member, NULL);
            CHECK_EQ_INT(member.size[AMLZ_PREDICT], 1);
            CHECK_EQ_INT(member.code[AMLZ_PREDICT][0].op, 27);
            CHECK(algorithm == AMLZ_EVOLUTION || member.size[AMLZ_LEARN] == 6); /* always drawn with the initial size */
        }
    }
    blocks_free();
}

static void test_stops(void)
{
    const amlz_search_config config = config_of(8);
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *search = search_new(&config, tasks, NULL), *again = search_new(&config, tasks, NULL);
    amlz_progress whole = {.struct_size = sizeof whole}, p = {.struct_size = sizeof p};
    amlz_search_run(search, 1000, 2, &whole);
    amlz_search_run(again, 1000, whole.best_fitness, &p);
    CHECK_EQ_U64(p.evaluations, whole.best_evaluation);
    amlz_search_run(again, 1000, whole.best_fitness, &p);
    CHECK_EQ_U64(p.evaluations, whole.best_evaluation); /* good enough already */
    blocks_free();
}

/* Empty programs below min_size do not shrink, of course, and grow up to max_size. */
static void test_empty_below_min_size(void)
{
    amlz_search_config config = config_of(9);
    amlz_program member;
    amlz_progress progress = {.struct_size = sizeof progress};
    int grown = 0;
    config.start = AMLZ_START_EMPTY;
    config.mutate_prob = 1;
    memset(config.mutation_weight, 0, sizeof config.mutation_weight);
    config.mutation_weight[AMLZ_MUTATE_REMOVE] = 1;
    for (int with_insert = 0; with_insert < 2; with_insert++) {
        config.mutation_weight[AMLZ_MUTATE_INSERT] = with_insert;
        for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
            config.space.function[f].min_size = 3;
        }
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_search_run(search, 600, (double)NAN, &progress);
        CHECK_EQ_U64(progress.evaluations, 600); /* NaN never stops */
        for (uint32_t i = 0; i < 20; i++) {
            amlz_search_member(search, i, &member, NULL);
            for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
                CHECK(member.size[f] <= (with_insert ? 8 : 0));
                grown += member.size[f] >= 3;
            }
        }
        blocks_free();
    }
    CHECK(grown > 10);
}

static void test_refusals(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const char *reason;
    amlz_search_config c;
#define REFUSED(member, value, word)                                           \
    do {                                                                       \
        c = config_of(1);                                                      \
        c.member = (value);                                                    \
        CHECK(amlz_search_size(&c, D, &reason) == 0);                          \
        CHECK(reason != NULL && strstr(reason, word) != NULL);                 \
        CHECK(amlz_search_init(block_new(8), 8, &c, tasks, NULL, NULL) == NULL); \
    } while (0)
    REFUSED(struct_size, 3, "struct_size");
    REFUSED(algorithm, 2, "algorithm");
    REFUSED(start, 4, "start");
    REFUSED(combine, 2, "combine");
    REFUSED(precision, 2, "precision");
    REFUSED(variant, AMLZ_VARIANT_COUNT, "variant");
    REFUSED(mutate_prob, 1.5, "mutate_prob");
    REFUSED(mutation_weight[0], -1, "mutations");
    REFUSED(max_cost, -1, "max_cost");
    REFUSED(space.dims.n_scalars, 1, "n_scalars");
    REFUSED(space.function[1].max_size, AMLZ_CAPACITY + 1, "max_size");
    c = config_of(1);
    const size_t size = amlz_search_size(&c, D, &reason);
    CHECK(size > 0 && reason == NULL);
    CHECK(amlz_search_init(block_new(size - 1), size - 1, &c, tasks, NULL, &reason) == NULL);
    CHECK(strstr(reason, "amlz_search_size") != NULL);
    c.fec_train = 21; /* the tasks have 20 */
    CHECK(amlz_search_init(block_new(size), size, &c, tasks, NULL, &reason) == NULL && strstr(reason, "fec_train") != NULL);
    c = config_of(1);
    c.precision = AMLZ_FLOAT64;
    CHECK(amlz_search_init(block_new(2 * size), 2 * size, &c, tasks, NULL, &reason) == NULL &&
          strstr(reason, "precision") != NULL);
    c = config_of(1);
    c.start = AMLZ_START_PROGRAM;
    CHECK(amlz_search_init(block_new(size), size, &c, tasks, NULL, &reason) == NULL &&
          strstr(reason, "start_program") != NULL);
    CHECK_EQ_INT(amlz_search_run(NULL, 1, 2, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

/* ---------------------------------------------------------------- the plain search: read from its description */

typedef struct plain_search {
    const amlz_space *space;
    rng_state rng;
    amlz_program slot[10]; /* evaluation n is put in slot n mod P */
    double fitness[10];
} plain_search;

static unsigned plain_addresses(const amlz_dims *dims, int type)
{
    return type == AMLZ_SCALAR ? dims->n_scalars : type == AMLZ_VECTOR ? dims->n_vectors : dims->n_matrices;
}

static int has_argument(const amlz_op_info *info, int which)
{
    const int types[] = {info->out, info->in1, info->in2};
    return which < 3 ? types[which] != AMLZ_NONE : info->constant[which - 3] != AMLZ_CONSTANT_NONE;
}

/* Which argument: 0 out, 1 in1, 2 in2, from 3 on the constants. Here s0 and v0 are what is not written. */
static void plain_argument(plain_search *s, amlz_instruction *x, int which)
{
    const amlz_op_info *info = amlz_op(x->op);
    const int types[] = {info->out, info->in1, info->in2};
    uint8_t *const addresses[] = {&x->out, &x->in1, &x->in2};
    if (which < 3) {
        const unsigned first = which == 0 && types[0] != AMLZ_MATRIX ? 1 : 0;
        *addresses[which] = (uint8_t)(first + rng_below(&s->rng, plain_addresses(&s->space->dims, types[which]) - first));
    } else {
        const double u = rng_uniform(&s->rng);
        x->constant[which - 3] = info->constant[which - 3] == AMLZ_CONSTANT_REAL ? 2 * u - 1 : u;
    }
}

static void plain_draw_instructions(plain_search *s, amlz_program *p, int f, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        amlz_instruction *x = &p->code[f][i];
        memset(x, 0, sizeof *x);
        x->op = s->space->function[f].ops[rng_below(&s->rng, s->space->function[f].n_ops)];
        for (int which = 0; which < 6; which++) {
            if (has_argument(amlz_op(x->op), which)) {
                plain_argument(s, x, which);
            }
        }
    }
}

static void plain_alter(plain_search *s, amlz_instruction *x)
{
    const amlz_op_info *info = amlz_op(x->op);
    int arguments[6];
    uint32_t n = 0;
    for (int which = 0; which < 6; which++) {
        if (has_argument(info, which)) {
            arguments[n++] = which;
        }
    }
    if (n == 0) {
        return;
    }
    const int which = arguments[rng_below(&s->rng, n)];
    if (which < 3 || info->constant[which - 3] == AMLZ_CONSTANT_INDEX) {
        plain_argument(s, x, which);
        return;
    }
    const double product = x->constant[which - 3] * (0.5 + 1.5 * rng_uniform(&s->rng));
    const int flips = info->constant[which - 3] == AMLZ_CONSTANT_REAL && rng_chance(&s->rng, 0.1);
    x->constant[which - 3] = flips ? -product : product;
}

static void plain_insert(plain_search *s, amlz_program *p, int f)
{
    const uint32_t place = rng_below(&s->rng, (uint32_t)p->size[f] + 1);
    for (uint32_t i = p->size[f]++; i > place; i--) {
        p->code[f][i] = p->code[f][i - 1];
    }
    plain_draw_instructions(s, p, f, place, place + 1);
}

static void plain_remove(plain_search *s, amlz_program *p, int f)
{
    const uint32_t place = rng_below(&s->rng, p->size[f]);
    p->size[f]--;
    for (uint32_t i = place; i < p->size[f]; i++) {
        p->code[f][i] = p->code[f][i + 1];
    }
}

static void plain_random_program(plain_search *s, amlz_program *p)
{
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        if (s->space->function[f].n_ops > 0) {
            p->size[f] = s->space->function[f].init_size;
            plain_draw_instructions(s, p, f, 0, p->size[f]);
        }
    }
}

/* The function that an action is applied to; -1 if there is none. */
static int plain_function(plain_search *s, int action, const amlz_program *p)
{
    int candidates[AMLZ_FUNCTION_COUNT];
    uint32_t n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        const amlz_function_space *function = &s->space->function[f];
        const int applies = action == AMLZ_MUTATE_INSERT   ? p->size[f] < function->max_size
                            : action == AMLZ_MUTATE_REMOVE ? p->size[f] > function->min_size
                                                           : p->size[f] > 0 || action == AMLZ_MUTATE_RANDOMIZE_FUNCTION;
        if (function->n_ops > 0 && applies) {
            candidates[n++] = f;
        }
    }
    return n == 0 ? -1 : candidates[rng_below(&s->rng, n)];
}

static void plain_mutate(plain_search *s, const double *weights, amlz_program *p)
{
    double sum = 0, reached = weights[0];
    int action = 0;
    for (int i = 0; i < AMLZ_MUTATION_COUNT; i++) {
        sum += weights[i];
    }
    for (const double at = rng_uniform(&s->rng) * sum; at >= reached;) {
        reached += weights[++action];
    }
    if (action == AMLZ_MUTATE_RANDOMIZE_PROGRAM) {
        plain_random_program(s, p);
        return;
    }
    const int f = action == AMLZ_MUTATE_IDENTITY ? -1 : plain_function(s, action, p);
    if (f < 0) {
        return;
    }
    uint32_t place;
    switch (action) {
    case AMLZ_MUTATE_INSERT: plain_insert(s, p, f); break;
    case AMLZ_MUTATE_REMOVE: plain_remove(s, p, f); break;
    case AMLZ_MUTATE_TRADE:
        plain_remove(s, p, f);
        plain_insert(s, p, f);
        break;
    case AMLZ_MUTATE_RANDOMIZE_FUNCTION: plain_draw_instructions(s, p, f, 0, p->size[f]); break;
    case AMLZ_MUTATE_RANDOMIZE_INSTRUCTION:
        place = rng_below(&s->rng, p->size[f]);
        plain_draw_instructions(s, p, f, place, place + 1);
        break;
    default: plain_alter(s, &p->code[f][rng_below(&s->rng, p->size[f])]); break;
    }
}

/* The next program, the n-th from 0. */
static amlz_program plain_next(plain_search *s, const amlz_search_config *config, uint32_t n, const amlz_program *start)
{
    const uint32_t population = config->population_size;
    amlz_program program = *start;
    if (n < population ? config->start == AMLZ_START_RANDOM : config->algorithm == AMLZ_RANDOM_SEARCH) {
        plain_random_program(s, &program);
    } else if (n < population) {
        if (config->start == AMLZ_START_EMPTY) {
            memset(program.size, 0, sizeof program.size);
        }
    } else {
        uint32_t winner = rng_below(&s->rng, population);
        for (uint32_t t = 1; t < config->tournament_size; t++) {
            const uint32_t rival = rng_below(&s->rng, population);
            winner = s->fitness[rival] > s->fitness[winner] ? rival : winner;
        }
        program = s->slot[winner];
        if (rng_chance(&s->rng, config->mutate_prob)) {
            plain_mutate(s, config->mutation_weight, &program);
        }
    }
    return program;
}

/* Runs both searches side by side and compares each member that they make. */
static void compare_with_plain(const amlz_search_config *config, const amlz_tasks *tasks, const amlz_program *start)
{
    const uint32_t population = config->population_size;
    amlz_search *search = search_new(config, tasks, start);
    amlz_evaluator *evaluator =
        evaluator_new(&config->space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, (amlz_combine)config->combine, D);
    static plain_search s;
    s.space = &config->space;
    rng_seed(&s.rng, config->seed);
    const uint64_t evaluation_seed = rng_next(&s.rng);
    for (uint32_t n = 0; n < 150; n++) {
        const amlz_program child = plain_next(&s, config, n, start);
        amlz_program member;
        amlz_evaluation result = {.struct_size = sizeof result};
        double fitness;
        amlz_evaluate(evaluator, tasks, &child, evaluation_seed, &result, NULL);
        s.slot[n % population] = child;
        s.fitness[n % population] = result.fitness;
        amlz_search_run(search, 1, 2, NULL);
        amlz_search_member(search, n < population ? n : population - 1, &member, &fitness);
        if (!CHECK(amlz_program_equal(&member, &child)) || !CHECK_EQ_F64BITS(fitness, result.fitness)) {
            printf("  evaluation %u, P = %u, T = %u, start %d\n", (unsigned)n, (unsigned)population,
                   (unsigned)config->tournament_size, config->start);
            return;
        }
    }
}

static void test_against_plain_search(void)
{
    static const uint32_t populations[] = {1, 2, 3, 10}, tournaments[] = {1, 2, 12};
    const amlz_dims dims = search_dims();
    for (uint32_t i = 0; i < 48; i++) {
        const amlz_program start =
            program_of("def Setup():\n s2 = 0.1\ndef Predict():\n s1 = dot(v0, v1)\ndef Learn():\n s3 = s0 - s1\n", F);
        amlz_search_config config = config_of(100 + i);
        config.space = space_of(&dims, 0, 8, 6); /* random ops too */
        config.algorithm = i % 8 == 7 ? AMLZ_RANDOM_SEARCH : AMLZ_EVOLUTION;
        config.start = (uint8_t)(i % 3);
        config.population_size = populations[i % 4];
        config.tournament_size = tournaments[i / 4 % 3];
        config.fec_size = 0;
        for (uint32_t k = 0; k <= AMLZ_MUTATE_IDENTITY; k++) {
            config.mutation_weight[k] = 0.25 * (1 + (i + k) % 4);
        }
        compare_with_plain(&config, tasks_for(AMLZ_FLOAT32), &start);
        blocks_free();
    }
}

/* Programs that cannot learn score 0 unrun, the others what they score anyway. */
static void test_must_learn(void)
{
    amlz_search_config config = config_of(6);
    config.cache_size = config.fec_size = 0;
    config.must_learn = 1;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) { /* sum, dot and scaling: enough to learn with, and not seldom */
        static const uint8_t ops[] = {1, 18, 23, 27};
        set_ops(&config.space.function[f], ops, sizeof ops);
    }
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_evaluator *evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
    uint64_t unable = 0;
    amlz_progress p = {.struct_size = sizeof p};
    for (int n = 1; n <= 600; n++) {
        amlz_program program;
        amlz_evaluation result = {.struct_size = sizeof result};
        double fitness;
        amlz_search_run(search, 1, 2, &p);
        amlz_search_member(search, p.population - 1, &program, &fitness);
        amlz_evaluate(evaluator, tasks, &program, 1, &result, NULL);
        const int can = amlz_program_can_learn(&program, &config.space.dims);
        CHECK_EQ_F64BITS(fitness, can ? result.fitness : 0);
        unable += !can;
    }
    CHECK_EQ_U64(p.rejected, unable);
    CHECK(unable > 100 && unable < 500);
    const uint32_t n_hall = amlz_search_count(search, AMLZ_NOW, AMLZ_HALL);
    CHECK(n_hall > 0);
    for (uint32_t i = 0; i < n_hall; i++) {
        amlz_program program;
        amlz_search_item(search, AMLZ_NOW, AMLZ_HALL, i, &program, NULL);
        CHECK(amlz_program_can_learn(&program, &config.space.dims));
    }
    config.must_learn = 2;
    CHECK_EQ_U64(amlz_search_size(&config, D, NULL), 0);
    blocks_free();
}

static uint64_t time_now;
static uint64_t clock_of_the_test(void) { return time_now += 3; }

/* Each look at the clock ends a phase; measuring changes nothing that is found. */
static void test_phases(void)
{
    const amlz_search_config config = config_of(1);
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *search = search_new(&config, tasks, NULL);
    uint64_t ticks[AMLZ_PHASE_COUNT] = {0}, sum = 0;
    amlz_progress p = {.struct_size = sizeof p};
    time_now = 1000;
    amlz_search_measure(search, clock_of_the_test, ticks);
    amlz_search_run(search, 500, 2, &p);
    CHECK_EQ_U64(amlz_search_digest(search), digest_of(&config, tasks, 500));
    for (int phase = 0; phase < AMLZ_PHASE_COUNT; phase++) {
        CHECK(amlz_phase_name(phase) != NULL);
        sum += ticks[phase];
    }
    CHECK_EQ_U64(sum, time_now - 1000 - 3); /* but for the look at the beginning */
    CHECK_EQ_U64(ticks[AMLZ_PHASE_PROBES], 3 * p.probes);
    CHECK_EQ_U64(ticks[AMLZ_PHASE_EVALUATION], 3 * p.full_evaluations);
    CHECK_EQ_U64(ticks[AMLZ_PHASE_SELECTION], 3 * (500 - 20));
    CHECK_EQ_U64(ticks[AMLZ_PHASE_MUTATION], 3 * 500);
    CHECK_EQ_U64(ticks[AMLZ_PHASE_RECORDS], 3 * 500);
    amlz_search_measure(search, NULL, NULL);
    amlz_search_run(search, 10, 2, NULL);
    CHECK_EQ_U64(sum, time_now - 1000 - 3);
    amlz_search_measure(NULL, NULL, NULL);
    CHECK(strcmp(amlz_phase_name(AMLZ_PHASE_SELECTION), "selection") == 0);
    CHECK(amlz_phase_name(-1) == NULL && amlz_phase_name(AMLZ_PHASE_COUNT) == NULL);
    blocks_free();
}

int main(void)
{
    test_golden_digests();
    test_phases();
    test_must_learn();
    test_repeats();
    test_ages();
    test_selection();
    test_fitness_and_counts();
    test_starts();
    test_stops();
    test_empty_below_min_size();
    test_refusals();
    test_against_plain_search();
    return check_report("search");
}
