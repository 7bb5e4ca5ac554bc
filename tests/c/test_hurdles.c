/* Hurdles, and children that are drawn again: what is stopped, what is refused, and what they leave alone. */
#include "search/key_set.h"
#include "search/threshold.h"
#include "search_fixtures.h"

/* ---------------------------------------------------------------- thresholds */

static threshold threshold_new(uint32_t capacity, double percentile)
{
    threshold t;
    arena counting = arena_over(NULL);
    amlz__threshold_place(&t, &counting, capacity, percentile);
    const size_t size = arena_total(&counting);
    arena a = arena_over(block_new(size));
    amlz__threshold_place(&t, &a, capacity, percentile);
    CHECK(arena_total(&a) <= size);
    return t;
}

/* Of four numbers three are below the 75th percentile: it is the largest. */
static void test_threshold_by_hand(void)
{
    threshold t = threshold_new(4, 0.75);
    static const double seen[] = {0.5, 0.25, 0.5, 0.75, 0.25, 0.125};
    for (size_t i = 0; i < 6; i++) {
        CHECK(amlz__threshold_value(&t) < 0); /* there were not four different ones yet */
        amlz__threshold_see(&t, seen[i]);
    }
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 0.75);
    amlz__threshold_see(&t, 0.25); /* not new, and not the newest by this */
    amlz__threshold_see(&t, 1);    /* 0.5, the oldest, leaves: 0.125 0.25 0.75 1 */
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 1.0);
    amlz__threshold_see(&t, 0);    /* 0.25 leaves: 0 0.125 0.75 1 */
    amlz__threshold_see(&t, 0.25); /* 0.75 leaves: 0 0.125 0.25 1 */
    amlz__threshold_see(&t, 0.5);  /* 0.125 leaves: 0 0.25 0.5 1 */
    amlz__threshold_see(&t, 0.75); /* 1 leaves: 0 0.25 0.5 0.75 */
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 0.75);
    amlz__threshold_clear(&t);
    CHECK(amlz__threshold_value(&t) < 0);
    t = threshold_new(4, 0.5);
    for (int i = 0; i < 4; i++) {
        amlz__threshold_see(&t, i);
    }
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 2.0);
    t = threshold_new(4, 0.74);
    for (int i = 0; i < 4; i++) {
        amlz__threshold_see(&t, 3 - i);
    }
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 2.0);
    t = threshold_new(1, 0.999); /* nothing but the last */
    amlz__threshold_see(&t, 0.5);
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 0.5);
    amlz__threshold_see(&t, 0.25);
    CHECK_EQ_F64BITS(amlz__threshold_value(&t), 0.25);
    blocks_free();
}

/* Against all fitnesses that were ever new, of which the last ones are counted one by one. */
static void test_threshold_against_model(uint32_t capacity, double percentile, uint32_t n_values)
{
    static double order[20000];
    uint64_t state = capacity;
    uint32_t n = 0, wrong = 0;
    threshold t = threshold_new(capacity, percentile);
    for (int i = 0; i < 20000; i++) {
        const double fitness = (double)draw_below(&state, n_values) / n_values;
        const uint32_t first = n < capacity ? 0 : n - capacity;
        int is_new = 1;
        for (uint32_t k = first; k < n; k++) {
            is_new &= order[k] != fitness;
        }
        if (is_new) {
            order[n++] = fitness;
        }
        amlz__threshold_see(&t, fitness);
        const double found = amlz__threshold_value(&t);
        uint32_t below = 0, equal = 0;
        for (uint32_t k = n < capacity ? 0 : n - capacity; k < n; k++) {
            below += order[k] < found;
            equal += order[k] == found;
        }
        wrong += n < capacity ? found >= 0 : equal != 1 || below != (uint32_t)(percentile * capacity);
    }
    CHECK_EQ_INT(wrong, 0);
    CHECK(n > capacity || n_values == capacity);
    blocks_free();
}

/* ---------------------------------------------------------------- sets of keys */

/* Keys that crowd the last slots and go on at the first, added and removed like those of a population. */
static void test_key_set_against_model(uint32_t capacity, uint64_t step)
{
    key_set set;
    arena counting = arena_over(NULL);
    amlz__key_set_place(&set, &counting, capacity);
    arena a = arena_over(block_new(arena_total(&counting)));
    amlz__key_set_place(&set, &a, capacity);
    CHECK(set.n_slots >= 2 * (size_t)capacity);
    uint64_t members[64] = {0}, state = capacity;
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < 20000; n++) {
        uint64_t *oldest = &members[n % capacity];
        const uint64_t which = draw_below(&state, 2 * capacity + 1); /* 0 among them, the key that is none */
        const uint64_t key = which == 0 ? 0 : set.n_slots - 1 - which * step;
        amlz__key_set_remove(&set, *oldest);
        *oldest = key;
        amlz__key_set_add(&set, key);
        for (uint64_t other = 0; other <= 2 * capacity; other++) {
            const uint64_t asked = other == 0 ? 0 : set.n_slots - 1 - other * step;
            uint32_t expected = 0;
            for (uint32_t i = 0; i < capacity; i++) {
                expected += asked != 0 && members[i] == asked;
            }
            wrong += amlz__key_set_count(&set, asked) != expected;
        }
    }
    CHECK_EQ_INT(wrong, 0);
    blocks_free();
}

/* ---------------------------------------------------------------- hurdles in a search */

/* Tasks have 20 + 10 examples; with few different fitnesses needed, so that hurdles begin to stop soon. */
static amlz_search_config hurdle_config(uint64_t seed)
{
    amlz_search_config config = config_of(seed);
    config.n_hurdles = 2;
    config.hurdle[0].n_train = 4;
    config.hurdle[0].n_valid = 6;
    config.hurdle[1].n_train = 12;
    config.hurdle[1].n_valid = 3;
    config.hurdle_window = 10;
    return config;
}

/* The hurdle's own task set: the first examples of each task. */
static amlz_tasks *first_examples(const amlz_tasks *tasks, const amlz_hurdle *hurdle)
{
    const amlz_dims dims = search_dims();
    const amlz_tasks_config config = tasks_config_of(&dims, AMLZ_FLOAT32, D, hurdle->n_train, hurdle->n_valid, 1);
    amlz_tasks *first = task_set_new(&config, 1).tasks;
    for (uint32_t task = 0; task < D; task++) {
        float x[2][20 * F], y[2][20];
        for (int is_valid = 0; is_valid < 2; is_valid++) {
            for (uint32_t i = 0; i < (is_valid ? hurdle->n_valid : hurdle->n_train); i++) {
                for (uint32_t f = 0; f < F; f++) {
                    x[is_valid][i * F + f] = (float)amlz_tasks_value(tasks, task, is_valid, i, f);
                }
                y[is_valid][i] = (float)amlz_tasks_value(tasks, task, is_valid, i, F);
            }
        }
        CHECK_EQ_INT(amlz_tasks_set_f32(first, task, x[0], y[0], x[1], y[1]), AMLZ_OK);
    }
    return first;
}

/* Without caches each program is run, so each step of the rule can be done again by the public functions: evaluating on the
 * first examples, comparing, and evaluating in full. */
static void test_hurdles_do_what_they_say(uint32_t n_epochs, uint8_t combine)
{
    amlz_search_config config = hurdle_config(21);
    const amlz_dims dims = search_dims();
    const amlz_tasks_config shape = tasks_config_of(&dims, AMLZ_FLOAT32, D, 20, 10, n_epochs);
    const amlz_tasks *tasks = task_set_new(&shape, 7).tasks, *first[2];
    config.cache_size = config.fec_size = 0;
    config.combine = combine;
    config.cache_period = UINT32_MAX;
    for (int h = 0; h < 2; h++) {
        first[h] = first_examples(tasks, &config.hurdle[h]);
    }
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, (amlz_combine)combine, D);
    threshold thresholds[2] = {threshold_new(10, 0.75), threshold_new(10, 0.75)};
    uint64_t stops[2] = {0}, full = 0, train = 0, valid = 0, mark = 0;
    double best = -1;
    amlz_progress p = {.struct_size = sizeof p};
    for (uint64_t n = 1; n <= 2000; n++) {
        amlz_program program;
        amlz_evaluation e = {.struct_size = sizeof e};
        double fitness;
        int is_stopped = 0;
        amlz_search_run(search, 1, 2, &p);
        amlz_search_member(search, p.population - 1, &program, &fitness);
        for (int h = 0; h < 2 && !is_stopped; h++) {
            amlz_evaluate(evaluator, first[h], &program, 1, &e, NULL);
            train += e.train_steps;
            valid += e.valid_steps;
            is_stopped = e.fitness < amlz__threshold_value(&thresholds[h]);
            stops[h] += (uint64_t)is_stopped;
            amlz__threshold_see(&thresholds[h], e.fitness);
        }
        if (!is_stopped) {
            amlz_evaluate(evaluator, tasks, &program, 1, &e, NULL);
            train += e.train_steps;
            valid += e.valid_steps;
            full++;
            best = e.fitness > best ? e.fitness : best;
        }
        if (!CHECK_EQ_F64BITS(fitness, e.fitness)) {
            break;
        }
        if (n - mark >= (mark < 20 ? 20 : mark)) { /* marks: the search is young */
            mark = n;
            amlz__threshold_clear(&thresholds[0]);
            amlz__threshold_clear(&thresholds[1]);
        }
        CHECK_EQ_U64(p.hurdle_stops[0], stops[0]);
        CHECK_EQ_U64(p.hurdle_stops[1], stops[1]);
        CHECK_EQ_U64(p.full_evaluations, full);
        CHECK_EQ_U64(p.train_steps, train);
        CHECK_EQ_U64(p.valid_steps, valid);
        CHECK_EQ_F64BITS(p.best_fitness, best);
    }
    CHECK_EQ_U64(p.saved_steps, (stops[0] + stops[1]) * D * n_epochs * 30);
    CHECK(stops[0] > 300 && stops[1] > 100 && full > 300);
    CHECK(p.hurdle_stops[2] == 0 && p.hurdle_stops[3] == 0);
    blocks_free();
}

/* The property that matters: what is shown as good was scored on everything, also by way of the caches. The ops are not
 * random, and there are no fingerprints, which may err; so each fitness is amlz_evaluate's. */
static void test_the_best_are_scored_in_full(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        amlz_search_config config = hurdle_config(seed);
        config.fec_size = 0;
        config.cache_size = 1000;
        const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
        amlz_search *search = search_new(&config, tasks, NULL);
        amlz_evaluator *evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        amlz_progress p = {.struct_size = sizeof p};
        amlz_search_run(search, 3000, 2, &p);
        CHECK_EQ_U64(p.cache_hits + p.hurdle_stops[0] + p.hurdle_stops[1] + p.full_evaluations, 3000);
        CHECK(p.cache_hits > 0 && p.hurdle_stops[0] > 50 && p.hurdle_stops[1] > 0 && p.full_evaluations > 100);
        for (int part = AMLZ_HALL; part <= AMLZ_BEST; part++) {
            for (uint32_t i = 0; i < amlz_search_count(search, AMLZ_NOW, part); i++) {
                amlz_program program;
                amlz_member member;
                amlz_evaluation e = {.struct_size = sizeof e};
                amlz_search_item(search, AMLZ_NOW, part, i, &program, &member);
                if (part == AMLZ_HISTORY) {
                    continue;
                }
                amlz_evaluate(evaluator, tasks, &program, 1, &e, NULL);
                CHECK_EQ_F64BITS(member.fitness, e.fitness);
            }
        }
        blocks_free();
    }
}

/* A hurdle of one example, which most that pass it pass by chance; then members may well have a better fitness than the
 * best program, and it is still none of the best. */
static void test_what_is_stopped_is_not_the_best(void)
{
    uint32_t better = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        amlz_search_config config = config_of(seed);
        config.n_hurdles = 1;
        config.hurdle[0].n_train = config.hurdle[0].n_valid = 1;
        config.hurdle_window = 5;
        config.hurdle_percentile = 0.95;
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_progress p = {.struct_size = sizeof p};
        for (int n = 0; n < 400; n++) {
            double fitness;
            amlz_search_run(search, 1, 2, &p);
            amlz_search_member(search, p.population - 1, NULL, &fitness);
            better += fitness > p.best_fitness;
        }
        CHECK_EQ_U64(p.cache_hits + p.fec_hits + p.hurdle_stops[0] + p.full_evaluations, 400);
        CHECK(p.cache_hits > 0 && p.fec_hits > 0);
        amlz_evaluator *evaluator = evaluator_new(&config.space.dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
        amlz_program best;
        amlz_evaluation e = {.struct_size = sizeof e};
        amlz_search_best(search, &best, NULL);
        amlz_evaluate(evaluator, tasks_for(AMLZ_FLOAT32), &best, 1, &e, NULL);
        CHECK_EQ_F64BITS(p.best_fitness, e.fitness);
        blocks_free();
    }
    CHECK(better > 500);
}

/* A hurdle that stops nothing, since there are never so many fitnesses, costs steps and changes nothing that is found. */
static void test_a_hurdle_that_stops_nothing(void)
{
    amlz_search_config config = config_of(3);
    config.cache_size = config.fec_size = 0; /* which hurdles treat in another way at marks */
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *plain = search_new(&config, tasks, NULL);
    const size_t plain_size = amlz_search_size(&config, D, NULL);
    config.n_hurdles = 1;
    config.hurdle[0].n_train = 20;
    config.hurdle[0].n_valid = 10;
    config.hurdle_window = 100000;
    CHECK(amlz_search_size(&config, D, NULL) >= plain_size + 100000 * 2 * sizeof(double));
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_progress p = {.struct_size = sizeof p}, q = {.struct_size = sizeof q};
    amlz_search_run(plain, 500, 2, &p);
    amlz_search_run(search, 500, 2, &q);
    CHECK(q.hurdle_stops[0] == 0 && q.full_evaluations == 500 && q.saved_steps == 0);
    CHECK_EQ_U64(q.train_steps, 2 * p.train_steps);
    CHECK_EQ_U64(q.valid_steps, 2 * p.valid_steps);
    for (uint32_t i = 0; i < 20; i++) {
        amlz_program a, b;
        double x, y;
        amlz_search_member(plain, i, &a, &x);
        amlz_search_member(search, i, &b, &y);
        CHECK(amlz_program_equal(&a, &b));
        CHECK_EQ_F64BITS(x, y);
    }
    blocks_free();
}

/* ---------------------------------------------------------------- children that are drawn again */

static uint64_t key_of_member(const amlz_search *search, uint32_t i)
{
    const amlz_dims dims = search_dims();
    amlz_program program;
    amlz_search_member(search, i, &program, NULL);
    return amlz_program_key(&program, &dims);
}

/* With redraws enough no child has a member's key, and with one redraw there are fewer that have it than without. */
static void test_duplicates_are_refused(void)
{
    static const uint32_t redraws[] = {0, 1, 1000};
    uint64_t twins[3] = {0};
    for (int k = 0; k < 3; k++) {
        amlz_search_config config = config_of(5);
        config.redraws = redraws[k];
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_progress p = {.struct_size = sizeof p};
        amlz_search_run(search, 20, 2, &p);
        CHECK_EQ_U64(p.duplicates, 0); /* the first population takes what comes */
        for (int n = 0; n < 1000; n++) {
            uint64_t before[20];
            for (uint32_t i = 0; i < 20; i++) {
                before[i] = key_of_member(search, i);
            }
            const uint64_t refused = p.duplicates;
            amlz_search_run(search, 1, 2, &p);
            CHECK(p.duplicates - refused <= redraws[k]);
            int is_twin = 0;
            for (uint32_t i = 0; i < 20; i++) {
                is_twin |= before[i] == key_of_member(search, 19);
            }
            twins[k] += (uint64_t)is_twin;
            CHECK(!is_twin || p.duplicates - refused == redraws[k]); /* only the last one is taken whatever it is */
        }
        CHECK_EQ_U64(p.evaluations, 1020);
        CHECK((p.duplicates > 0) == (redraws[k] > 0));
    }
    CHECK(twins[0] > 500 && twins[1] < twins[0] - 200 && twins[2] == 0);
    blocks_free();
}

/* Where there is nothing but copies each child is drawn again as often as is allowed. */
static void test_copies_are_drawn_again(void)
{
    amlz_search_config config = config_of(6);
    config.mutate_prob = 0;
    config.redraws = 3;
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_run(search, 120, 2, &p);
    CHECK_EQ_U64(p.duplicates, 3 * 100);
    config.algorithm = AMLZ_RANDOM_SEARCH; /* has no children */
    search = search_new(&config, tasks, NULL);
    amlz_search_run(search, 120, 2, &p);
    CHECK_EQ_U64(p.duplicates, 0);
    blocks_free();
}

/* Of two members one is run and one is not; so the child that is taken is a copy of the second, which has no key. */
static void test_rejected_programs_are_no_duplicates(void)
{
    static const char *const texts[] = {"def Predict():\n s1 = dot(v0, v1)\n", "def Predict():\n s1 = norm(m1)\n"};
    amlz_search_config config = config_of(6);
    amlz_program programs[2];
    amlz_progress p = {.struct_size = sizeof p};
    for (int i = 0; i < 2; i++) {
        programs[i] = program_of(texts[i], F);
    }
    config.population_size = 2;
    config.tournament_size = 1;
    config.mutate_prob = 0;
    config.redraws = 1000;
    config.max_cost = amlz_program_cost(&programs[0], F);
    CHECK(amlz_program_cost(&programs[1], F) > config.max_cost);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_search_take(search, programs, 2, NULL);
    amlz_search_run(search, 1, 2, &p);
    CHECK_EQ_U64(p.rejected, 2);
    CHECK(p.duplicates < 1000);
    const uint64_t duplicates = p.duplicates;
    amlz_search_run(search, 10, 2, &p); /* two copies of the second are left */
    CHECK_EQ_U64(p.rejected, 12);
    CHECK_EQ_U64(p.duplicates, duplicates);
    blocks_free();
}

/* ---------------------------------------------------------------- what is refused */

static void test_refusals(void)
{
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    const char *reason;
    amlz_search_config c;
#define REFUSED(member, value, word)                           \
    do {                                                       \
        c = hurdle_config(1);                                  \
        c.member = (value);                                    \
        CHECK(amlz_search_size(&c, D, &reason) == 0);          \
        CHECK(reason != NULL && strstr(reason, word) != NULL); \
    } while (0)
    REFUSED(n_hurdles, AMLZ_MAX_HURDLES + 1, "n_hurdles");
    REFUSED(n_hurdles, 1, "after n_hurdles");
    REFUSED(n_hurdles, 3, "1 or more");
    REFUSED(hurdle[0].n_train, 0, "1 or more");
    REFUSED(hurdle[1].n_valid, 0, "1 or more");
    REFUSED(hurdle[0].n_train, 12, "larger n_train");
    REFUSED(hurdle_percentile, 1, "hurdle_percentile");
    REFUSED(hurdle_percentile, (double)NAN, "hurdle_percentile");
    for (int wrong = 0; wrong < 3; wrong++) {
        c = hurdle_config(1);
        c.hurdle[1].n_train = wrong == 1 ? 21 : 20;
        c.hurdle[1].n_valid = wrong == 2 ? 11 : 10;
        const size_t size = amlz_search_size(&c, D, &reason);
        CHECK(size > 0);
        CHECK((amlz_search_init(block_new(size), size, &c, tasks, NULL, &reason) == NULL) == (wrong > 0));
        CHECK(wrong == 0 || strstr(reason, "what the tasks have") != NULL);
    }
    c = config_of(1);
    c.hurdle_percentile = 0; /* not looked at without hurdles */
    c.hurdle_window = 0;
    CHECK(amlz_search_size(&c, D, NULL) > 0);
    blocks_free();
}

int main(void)
{
    test_threshold_by_hand();
    test_threshold_against_model(1, 0.5, 10);
    test_threshold_against_model(7, 0.75, 7);
    test_threshold_against_model(10, 0.75, 40);
    test_threshold_against_model(50, 0.9, 1000);
    test_key_set_against_model(1, 1);
    test_key_set_against_model(5, 1);
    test_key_set_against_model(20, 1);
    test_key_set_against_model(20, 64); /* all in one slot */
    test_key_set_against_model(30, 7);
    test_hurdles_do_what_they_say(1, AMLZ_MEAN);
    test_hurdles_do_what_they_say(3, AMLZ_MEDIAN);
    test_the_best_are_scored_in_full();
    test_what_is_stopped_is_not_the_best();
    test_a_hurdle_that_stops_nothing();
    test_duplicates_are_refused();
    test_copies_are_drawn_again();
    test_rejected_programs_are_no_duplicates();
    test_refusals();
    return check_report("hurdles");
}
