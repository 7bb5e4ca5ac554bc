/* Marks, what a search tells of itself, and going on from there. */
#include "search_fixtures.h"

static amlz_search_config marking_config(uint64_t seed)
{
    amlz_search_config config = config_of(seed);
    config.cache_period = 70; /* no multiple of the population size */
    config.history_size = 6;
    return config;
}

/* All that can be asked about two searches is the same at a moment. */
static void check_same_at(const amlz_search *a, const amlz_search *b, int moment)
{
    amlz_state x = {.struct_size = sizeof x}, y = {.struct_size = sizeof y};
    amlz_search_state(a, moment, &x);
    amlz_search_state(b, moment, &y);
    CHECK(memcmp(x.rng, y.rng, sizeof x.rng) == 0);
    CHECK_EQ_U64(x.progress.evaluations, y.progress.evaluations);
    CHECK_EQ_U64(x.progress.cache_hits, y.progress.cache_hits);
    CHECK_EQ_U64(x.progress.fec_hits, y.progress.fec_hits);
    CHECK_EQ_U64(x.progress.train_steps, y.progress.train_steps);
    CHECK_EQ_U64(x.progress.duplicates, y.progress.duplicates);
    CHECK(memcmp(x.progress.hurdle_stops, y.progress.hurdle_stops, sizeof x.progress.hurdle_stops) == 0);
    CHECK_EQ_U64(x.progress.saved_steps, y.progress.saved_steps);
    CHECK_EQ_F64BITS(x.progress.best_fitness, y.progress.best_fitness);
    CHECK_EQ_F64BITS(x.progress.mean_fitness, y.progress.mean_fitness);
    for (int part = AMLZ_POPULATION; part <= AMLZ_BEST; part++) {
        CHECK_EQ_INT(amlz_search_count(a, moment, part), amlz_search_count(b, moment, part));
        for (uint32_t i = 0; i < amlz_search_count(a, moment, part); i++) {
            amlz_program p, q;
            amlz_member m, n;
            CHECK_EQ_INT(amlz_search_item(a, moment, part, i, &p, &m), AMLZ_OK);
            CHECK_EQ_INT(amlz_search_item(b, moment, part, i, &q, &n), AMLZ_OK);
            CHECK(amlz_program_equal(&p, &q));
            CHECK_EQ_F64BITS(m.fitness, n.fitness);
            CHECK_EQ_U64(m.birth, n.birth);
            CHECK_EQ_U64(m.parent, n.parent);
            CHECK_EQ_INT(m.action, n.action);
        }
    }
}

static void check_same(const amlz_search *a, const amlz_search *b)
{
    CHECK_EQ_U64(amlz_search_digest(a), amlz_search_digest(b));
    check_same_at(a, b, AMLZ_NOW);
    check_same_at(a, b, AMLZ_AT_MARK);
}

/* Puts everything of a search's last mark into a new one. */
static amlz_search *copy_of(const amlz_search *search)
{
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_program start;
    amlz_state state = {.struct_size = sizeof state};
    const char *reason = NULL;
    amlz_search_made_of(search, &config, NULL, NULL, &start);
    amlz_search *copy = search_new(&config, tasks_for((amlz_precision)config.precision), &start);
    for (int part = AMLZ_POPULATION; part <= AMLZ_BEST; part++) {
        for (uint32_t i = 0; i < amlz_search_count(search, AMLZ_AT_MARK, part); i++) {
            amlz_program program;
            amlz_member member;
            amlz_search_item(search, AMLZ_AT_MARK, part, i, &program, &member);
            CHECK_EQ_INT(amlz_search_put(copy, part, part == AMLZ_HISTORY ? NULL : &program, &member, &reason), AMLZ_OK);
        }
    }
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    const uint64_t evaluations = state.progress.evaluations;
    if (amlz_search_resume(copy, &state, &reason) != AMLZ_OK) {
        printf("  %s\n", reason);
        CHECK(0);
    }
    amlz_search_state(search, AMLZ_NOW, &state);
    amlz_search_run(copy, state.progress.evaluations - evaluations, 2, NULL);
    return copy;
}

/* Goes on to so many evaluations, none of which is one of those of taking in. Where the search takes in programs it is 7 of
 * them after evaluation 150, and after evaluation 346 it is 21, more than there are members. */
static void go_on(amlz_search *search, int takes, uint64_t until)
{
    static const uint64_t when[] = {150, 346};
    static const uint32_t counts[] = {7, 21};
    amlz_search_config config = {.struct_size = sizeof config};
    amlz_program programs[21];
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_made_of(search, &config, NULL, NULL, NULL);
    amlz_search_progress(search, &p);
    for (int i = 0; takes && i < 2; i++) {
        if (p.evaluations <= when[i] && when[i] < until) {
            for (uint32_t k = 0; k < counts[i]; k++) {
                programs[k] = random_program(&config.space, 100 * when[i] + k);
            }
            amlz_search_run(search, when[i] - p.evaluations, 2, NULL);
            CHECK_EQ_INT(amlz_search_take(search, programs, counts[i], NULL), AMLZ_OK);
            amlz_search_progress(search, &p);
            CHECK_EQ_U64(p.evaluations, when[i] + counts[i]);
        }
    }
    amlz_search_run(search, until - p.evaluations, 2, NULL);
}

/* Wherever it is stopped, what is resumed is what goes on, now and for ever. */
static void test_resume_is_exact(const amlz_search_config *config, int takes)
{
    amlz_search *whole = search_new(config, tasks_for((amlz_precision)config->precision), NULL);
    go_on(whole, takes, 600);
    for (uint64_t cut = 0; cut < 600; cut += 23) {
        amlz_search *search = search_new(config, tasks_for((amlz_precision)config->precision), NULL);
        go_on(search, takes, cut);
        amlz_search *resumed = copy_of(search);
        check_same(search, resumed);
        go_on(resumed, takes, 600);
        check_same(whole, resumed);
    }
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_progress(whole, &p);
    CHECK((p.duplicates > 0) == (config->redraws > 0));
    for (uint32_t i = 0; i < AMLZ_MAX_HURDLES; i++) {
        CHECK((p.hurdle_stops[i] > 0) == (i < config->n_hurdles));
    }
    blocks_free();
}

static void test_resume_of_all_kinds(void)
{
    amlz_search_config config = marking_config(5);
    test_resume_is_exact(&config, 0);
    config.precision = AMLZ_FLOAT64;
    config.algorithm = AMLZ_RANDOM_SEARCH;
    test_resume_is_exact(&config, 0);
    config = marking_config(6);
    config.cache_size = config.fec_size = 0; /* always at a mark */
    test_resume_is_exact(&config, 0);
    config = marking_config(7);
    config.start = AMLZ_START_EMPTY;
    config.max_cost = 60;
    config.must_learn = 1;
    config.cache_size = 0;
    test_resume_is_exact(&config, 0);
    config = marking_config(8);
    config.fec_size = 0;
    config.history_size = 0;
    config.population_size = 1;
    config.cache_period = 1;
    test_resume_is_exact(&config, 0);
    config = marking_config(9);
    config.cache_work = 20000; /* makes the marks, not the period */
    config.cache_period = UINT32_MAX;
    config.history_size = 1;
    test_resume_is_exact(&config, 0);
    config = marking_config(10);
    test_resume_is_exact(&config, 1);
    config.redraws = 2;
    test_resume_is_exact(&config, 0);
    config.cache_size = config.fec_size = 0; /* always at a mark, also with redraws */
    test_resume_is_exact(&config, 1);
    config.n_hurdles = 2; /* and with marks again */
    config.hurdle[0].n_train = 3;
    config.hurdle[0].n_valid = 10;
    config.hurdle[1].n_train = 10;
    config.hurdle[1].n_valid = 2;
    config.hurdle_window = 8;
    test_resume_is_exact(&config, 0);
    config.fec_size = 50;
    config.redraws = 0;
    test_resume_is_exact(&config, 1);
    config.cache_size = 50;
    config.redraws = 1;
    config.max_cost = 60;
    test_resume_is_exact(&config, 1);
    for (int takes = 0; takes <= 1; takes++) {
        config = valid_config(11);
        test_resume_is_exact(&config, takes);
        config.replace_worst_of = 0;
        config.structures_size = 70; /* forgets now and then */
        config.cache_period = 100;   /* a mark in the middle of a run */
        config.restart_period = 130;
        test_resume_is_exact(&config, takes);
        config.structures_size = 0; /* always at a mark */
        config.replace_worst_of = 2;
        test_resume_is_exact(&config, takes);
    }
}

static uint64_t mark_of(const amlz_search *search)
{
    amlz_state state = {.struct_size = sizeof state};
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    return state.progress.evaluations;
}

static void test_marks(void)
{
    amlz_search_config config = marking_config(1);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    for (uint64_t n = 0; n < 400; n++) {
        const uint64_t expected = n < 20 ? 0 : n < 40 ? 20 : n < 80 ? 40 : 80 + (n - 80) / 70 * 70;
        CHECK_EQ_U64(mark_of(search), expected);
        amlz_search_run(search, 1, 2, NULL);
    }
    /* F is 4 and there are matrices, so that each step is work of 16; a mark comes with the evaluation that completes it */
    config.cache_period = UINT32_MAX;
    config.cache_work = 8000;
    search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    uint64_t mark = 0, steps = 0;
    int marks = 0;
    for (uint64_t n = 0; n < 300; n++) {
        amlz_progress p = {.struct_size = sizeof p};
        amlz_search_run(search, 1, 2, &p);
        const uint64_t young = mark < 20 ? 20 : mark;
        if (p.evaluations - mark >= young || 16 * (p.train_steps + p.valid_steps - steps) >= config.cache_work) {
            mark = p.evaluations;
            steps = p.train_steps + p.valid_steps;
            marks++;
        }
        CHECK_EQ_U64(mark_of(search), mark);
    }
    CHECK(marks > 3);
    blocks_free();
}

/* After a mark the caches know the population and nothing else. */
static void test_caches_are_emptied(void)
{
    amlz_search_config config = marking_config(2);
    config.cache_size = config.fec_size = 1000;
    config.mutate_prob = 0; /* each child is a copy */
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_run(search, 500, 2, &p);
    CHECK_EQ_U64(p.full_evaluations + p.cache_hits + p.fec_hits, 500);
    CHECK(p.full_evaluations + p.fec_hits <= 20); /* members are known, also after marks */

    config = marking_config(2);
    config.cache_size = config.fec_size = 1000;
    config.cache_period = 1;
    amlz_search *forgetful = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    config.cache_period = 1000;
    amlz_search *retentive = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_progress q = {.struct_size = sizeof q};
    amlz_search_run(forgetful, 500, 2, &p);
    amlz_search_run(retentive, 500, 2, &q);
    CHECK_EQ_U64(p.fec_hits, 0);
    CHECK(p.full_evaluations > q.full_evaluations);
    blocks_free();
}

/* Hall, history and best say what the evaluations one by one said. */
static void test_records(void)
{
    amlz_search_config config = marking_config(3);
    config.history_size = 1000;
    const amlz_dims dims = search_dims();
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    double champion[25], best = -1;
    uint64_t births[25] = {0};
    uint32_t improvements = 0;
    for (uint64_t n = 1; n <= 700; n++) {
        amlz_program program, live;
        amlz_member member, other;
        amlz_search_run(search, 1, 2, NULL);
        const uint32_t last = amlz_search_count(search, AMLZ_NOW, AMLZ_POPULATION) - 1;
        amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, last, &program, &member);
        CHECK_EQ_U64(member.birth, n);
        CHECK(n <= 20 ? member.parent == 0 && member.action == AMLZ_MUTATE_IDENTITY : member.parent >= n - 20);
        amlz_program_simplify(&program, &dims, &live);
        const int size = live.size[0] + live.size[1] + live.size[2];
        if (births[size] == 0 || member.fitness > champion[size]) {
            champion[size] = member.fitness;
            births[size] = n;
        }
        if (member.fitness > best) {
            best = member.fitness;
            CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_HISTORY, improvements, NULL, &other), AMLZ_OK);
            CHECK_EQ_U64(other.birth, n);
            CHECK_EQ_F64BITS(other.fitness, best);
            improvements++;
        }
        CHECK_EQ_INT(amlz_search_count(search, AMLZ_NOW, AMLZ_HISTORY), improvements);
    }
    uint32_t place = 0;
    for (int size = 0; size <= 24; size++) {
        amlz_program program, live;
        amlz_member member;
        if (births[size] == 0) {
            continue;
        }
        CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_HALL, place++, &program, &member), AMLZ_OK);
        CHECK_EQ_U64(member.birth, births[size]);
        CHECK_EQ_F64BITS(member.fitness, champion[size]);
        amlz_program_simplify(&program, &dims, &live);
        CHECK_EQ_INT(live.size[0] + live.size[1] + live.size[2], size);
    }
    CHECK(place > 3);
    CHECK_EQ_INT(amlz_search_count(search, AMLZ_NOW, AMLZ_HALL), place);
    blocks_free();
}

/* A child differs from its parent by what its action says. */
static void test_lineage(void)
{
    amlz_search_config config = marking_config(4);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program programs[400];
    int copies = 0, removals = 0;
    for (uint64_t n = 1; n < 400; n++) {
        amlz_member member;
        amlz_search_run(search, 1, 2, NULL);
        const uint32_t last = amlz_search_count(search, AMLZ_NOW, AMLZ_POPULATION) - 1;
        amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, last, &programs[n], &member);
        const amlz_program *parent = &programs[member.parent], *child = &programs[n];
        const int growth = child->size[0] + child->size[1] + child->size[2] - parent->size[0] - parent->size[1] - parent->size[2];
        if (member.parent > 0 && member.action == AMLZ_MUTATE_IDENTITY) {
            CHECK(amlz_program_equal(parent, child));
            copies++;
        }
        if (member.parent > 0 && member.action == AMLZ_MUTATE_REMOVE) {
            CHECK(growth == -1 || amlz_program_equal(parent, child)); /* at their smallest, programs stay as they are */
            removals += growth == -1;
        }
    }
    CHECK(copies > 10);
    CHECK(removals > 10);
    blocks_free();
}

static void test_history_is_thinned(void)
{
    amlz_search_config config = marking_config(20);
    config.history_size = 1000;
    amlz_search *whole = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(whole, 3000, 2, NULL);
    const uint32_t n = amlz_search_count(whole, AMLZ_NOW, AMLZ_HISTORY);
    CHECK(n > 4);
    config.history_size = 4;
    amlz_search *thin = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_run(thin, 3000, 2, NULL);
    const uint32_t kept = amlz_search_count(thin, AMLZ_NOW, AMLZ_HISTORY);
    CHECK(kept >= 1 && kept <= 4);
    amlz_member first, last, all;
    amlz_search_item(thin, AMLZ_NOW, AMLZ_HISTORY, 0, NULL, &first);
    amlz_search_item(thin, AMLZ_NOW, AMLZ_HISTORY, kept - 1, NULL, &last);
    amlz_search_item(whole, AMLZ_NOW, AMLZ_HISTORY, 0, NULL, &all);
    CHECK_EQ_U64(first.birth, all.birth);
    amlz_search_item(whole, AMLZ_NOW, AMLZ_HISTORY, n - 1, NULL, &all);
    CHECK_EQ_U64(last.birth, all.birth);
    blocks_free();
}

typedef struct faulty {
    int part;
    amlz_member member;
    const char *says;
} faulty;

static void test_items_that_are_refused(void)
{
    const amlz_search_config config = marking_config(11);
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *search = search_new(&config, tasks, NULL);
    const amlz_dims dims = search_dims();
    const amlz_program good = random_program(&config.space, 1);
    amlz_program misfit = good, large = good;
    const amlz_member one = {0.5, 3, 0, AMLZ_MUTATE_IDENTITY};
    const char *reason;
    static const faulty wrong[] = {
        {AMLZ_BEST, {-0.1, 3, 0, 0}, "fitness must be from 0 to 1"}, {AMLZ_BEST, {1.5, 3, 0, 0}, "fitness must be from 0 to 1"},
        {AMLZ_BEST, {0.5, 0, 0, 0}, "birth must be 1 or more"},      {AMLZ_BEST, {0.5, 3, 3, 0}, "parent must be before birth"},
        {AMLZ_BEST, {0.5, 3, 0, AMLZ_MUTATION_COUNT}, "action must be a mutation"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQ_INT(amlz_search_put(search, wrong[i].part, &good, &wrong[i].member, &reason), AMLZ_ERROR_ARGUMENT);
        CHECK(strcmp(reason, wrong[i].says) == 0);
    }
    misfit.code[AMLZ_SETUP][0].op = 255;
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, &misfit, &one, &reason), AMLZ_ERROR_PROGRAM);
    large.size[AMLZ_LEARN] = 9; /* max_size is 8 */
    memset(&large.code[AMLZ_LEARN], 0, sizeof large.code[AMLZ_LEARN]);
    CHECK_EQ_INT(amlz_program_check(&large, &dims, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, &large, &one, &reason), AMLZ_ERROR_PROGRAM);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_HISTORY, &good, &one, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, NULL, &one, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_put(search, 4, &good, &one, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_put(NULL, AMLZ_BEST, &good, &one, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, &good, &one, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, &good, &one, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(reason, "there must be one best program") == 0);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_HALL, &good, &one, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_HALL, &good, &one, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_HISTORY, NULL, &one, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_HISTORY, NULL, &one, &reason), AMLZ_ERROR_ARGUMENT);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ_INT(amlz_search_put(search, AMLZ_POPULATION, &good, &one, NULL), AMLZ_OK);
    }
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_POPULATION, &good, &one, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(reason, "there must not be more members than population_size") == 0);

    search = search_new(&config, tasks, NULL);
    amlz_search_run(search, 1, 2, NULL);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, &good, &one, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(reason, "items must be put before the search is run") == 0);
    blocks_free();
}

/* One member, scored in full; then a number at a time is made wrong. */
static void test_numbers_that_are_refused(void)
{
    amlz_search_config config = marking_config(12);
    config.redraws = 2;
    config.n_hurdles = 1;
    config.hurdle[0].n_train = config.hurdle[0].n_valid = 1;
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_member one = {0.5, 1, 0, AMLZ_MUTATE_IDENTITY};
    const amlz_program program = random_program(&config.space, 1);
    for (int wrong = 0; wrong <= 12; wrong++) {
        amlz_search *search = search_new(&config, tasks, NULL);
        amlz_state state = {.struct_size = sizeof state};
        const char *reason;
        memset(&state, 0, sizeof state);
        state.struct_size = sizeof state;
        state.progress.evaluations = state.progress.full_evaluations = 1;
        state.rng[2] = 1;
        amlz_search_put(search, AMLZ_POPULATION, &program, &one, NULL);
        if (wrong != 1) {
            amlz_search_put(search, AMLZ_BEST, &program, &one, NULL);
        }
        if (wrong != 2) {
            amlz_search_put(search, AMLZ_HISTORY, NULL, &one, NULL);
        }
        state.progress.evaluations += wrong == 3;
        state.progress.cache_hits = wrong == 4 ? UINT64_MAX : 0;
        state.progress.fec_hits = wrong == 5 ? 1 : 0;
        state.progress.probes = wrong == 6 ? 2 : 0;
        state.rng[2] = wrong != 7;
        state.progress.hurdle_stops[0] = wrong == 9 ? 1 : wrong == 10 ? UINT64_MAX : 0;
        state.progress.hurdle_stops[1] = wrong == 11 ? 1 : 0; /* there is one hurdle */
        state.progress.full_evaluations = wrong != 11;
        state.progress.duplicates = wrong == 12 ? 3 : 2; /* of one child at most two */
        if (wrong == 8) {
            const amlz_member late = {0.6, 2, 0, AMLZ_MUTATE_IDENTITY};
            amlz_search_put(search, AMLZ_HALL, &program, &late, NULL);
        }
        CHECK_EQ_INT(amlz_search_resume(search, &state, &reason), wrong == 0 ? AMLZ_OK : AMLZ_ERROR_ARGUMENT);
        CHECK((reason == NULL) == (wrong == 0));
    }
    config.redraws = 0;
    amlz_state state = {.struct_size = sizeof state};
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_search_run(search, 3, 2, NULL);
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    CHECK_EQ_INT(amlz_search_resume(search, &state, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_resume(NULL, &state, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_resume(search, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

/* Where there is no history, whose last improvement is the best program, nothing else tells. */
static void test_a_best_program_of_later(void)
{
    amlz_search_config config = config_of(12);
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const amlz_program program = random_program(&config.space, 1);
    config.history_size = 0;
    for (int is_late = 0; is_late < 2; is_late++) {
        const amlz_member one = {0.5, 1, 0, AMLZ_MUTATE_IDENTITY};
        const amlz_member best = {0.5, is_late ? 2 : 1, 0, AMLZ_MUTATE_IDENTITY};
        amlz_state state = {.struct_size = sizeof state, .rng = {1, 2, 3, 4}};
        amlz_search *search = search_new(&config, tasks, NULL);
        const char *reason = NULL;
        state.progress.evaluations = state.progress.full_evaluations = 1;
        CHECK_EQ_INT(amlz_search_put(search, AMLZ_POPULATION, &program, &one, NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_search_put(search, AMLZ_BEST, &program, &best, NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_search_resume(search, &state, &reason), is_late ? AMLZ_ERROR_ARGUMENT : AMLZ_OK);
        CHECK(!is_late || strstr(reason, "after the last evaluation") != NULL);
    }
    blocks_free();
}

/* What one call tells of many items is what amlz_search_item tells of each, however small the room for programs is. */
static void test_many_items_a_call(void)
{
    enum { MANY = 100, ROOM = 4096 };
    const amlz_search_config config = marking_config(13);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_member members[MANY], member;
    uint8_t bytes[ROOM], packed[ROOM];
    size_t ends[MANY], length;
    amlz_program program;
    CHECK_EQ_INT(amlz_search_run(search, 150, 2, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_items(NULL, AMLZ_NOW, AMLZ_BEST, 0, 1, members, bytes, ROOM, ends), 0);
    CHECK_EQ_INT(amlz_search_items(search, AMLZ_NOW, AMLZ_BEST, 0, 1, NULL, bytes, ROOM, ends), 0);
    CHECK_EQ_INT(amlz_search_items(search, AMLZ_NOW, AMLZ_POPULATION, 0, 1, members, bytes, 5, ends), 0);
    for (int moment = AMLZ_NOW; moment <= AMLZ_AT_MARK; moment++) {
        for (int part = AMLZ_POPULATION; part <= AMLZ_BEST; part++) {
            const uint32_t there = amlz_search_count(search, moment, part);
            CHECK(there > 0 && there <= MANY);
            CHECK_EQ_INT(amlz_search_items(search, moment, part, there, 1, members, bytes, ROOM, ends), 0);
            CHECK_EQ_INT(amlz_search_items(search, moment, part, 0, MANY, members, NULL, 0, NULL), there);
            uint32_t calls = 0;
            for (uint32_t first = 0; first < there; calls++) {
                const size_t size = ROOM >> (calls % 4);
                const uint32_t count = amlz_search_items(search, moment, part, first, MANY, members, bytes, size, ends);
                CHECK(count > 0);
                for (uint32_t i = 0, start = 0; i < count; i++) {
                    CHECK_EQ_INT(amlz_search_item(search, moment, part, first + i, &program, &member), AMLZ_OK);
                    CHECK_EQ_F64BITS(members[i].fitness, member.fitness);
                    CHECK_EQ_U64(members[i].birth, member.birth);
                    CHECK_EQ_U64(members[i].parent, member.parent);
                    CHECK_EQ_INT(members[i].action, member.action);
                    if (part != AMLZ_HISTORY) {
                        CHECK_EQ_INT(amlz_program_pack(&program, packed, ROOM, &length), AMLZ_OK);
                        CHECK_EQ_U64(ends[i], start + length);
                        CHECK(memcmp(bytes + start, packed, length) == 0);
                        start += (uint32_t)length;
                    }
                }
                first += count;
            }
        }
    }
    blocks_free();
}

static void test_what_is_not_there(void)
{
    const amlz_search_config config = marking_config(13);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_state state = {.struct_size = sizeof state};
    CHECK_EQ_INT(amlz_search_count(NULL, AMLZ_NOW, AMLZ_BEST), 0);
    CHECK_EQ_INT(amlz_search_count(search, 2, AMLZ_BEST), 0);
    CHECK_EQ_INT(amlz_search_count(search, AMLZ_NOW, 4), 0);
    for (int part = AMLZ_POPULATION; part <= AMLZ_BEST; part++) {
        CHECK_EQ_INT(amlz_search_count(search, AMLZ_NOW, part), 0);
        CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, part, 0, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    }
    CHECK_EQ_INT(amlz_search_state(search, 2, &state), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_state(search, AMLZ_NOW, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_made_of(search, NULL, NULL, NULL, NULL), AMLZ_OK);
    blocks_free();
}

/* Once an item was put the search has members without a state: it must not run before it is resumed. */
static void test_items_without_resuming(void)
{
    amlz_search_config config = config_of(3);
    amlz_program program = program_of("def Predict():\n s1 = dot(v0, v1)\n", F);
    const amlz_member member = {0.5, 1, 0, AMLZ_MUTATE_IDENTITY};
    const char *reason = NULL;
    uint64_t ticket;
    config.population_size = 1;
    config.redraws = UINT32_MAX; /* by which it would never have come back */
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_POPULATION, &program, &member, &reason), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_run(search, 100, 2, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_take(search, &program, 1, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(reason, "items were put: the search must be resumed first") == 0);
    CHECK_EQ_INT(amlz_search_ask(search, &program, &ticket, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strcmp(reason, "items were put: the search must be resumed first") == 0);
    blocks_free();
}

int main(void)
{
    test_items_without_resuming();
    test_resume_of_all_kinds();
    test_marks();
    test_caches_are_emptied();
    test_records();
    test_lineage();
    test_history_is_thinned();
    test_items_that_are_refused();
    test_numbers_that_are_refused();
    test_a_best_program_of_later();
    test_many_items_a_call();
    test_what_is_not_there();
    CHECK_MAIN_END("resume")
