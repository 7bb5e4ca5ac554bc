/* Programs that a search takes in from outside. */
#include "search_fixtures.h"

/* Programs of the space, the same for the same seed. */
static void draw_programs(const amlz_search_config *config, uint64_t seed, amlz_program *programs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        programs[i] = random_program(&config->space, seed + i);
    }
}

static uint64_t mark_of(const amlz_search *search)
{
    amlz_state state = {.struct_size = sizeof state};
    amlz_search_state(search, AMLZ_AT_MARK, &state);
    return state.progress.evaluations;
}

/* Member `index` is this program, of no parent, and has the fitness that it deserves. */
static void check_member(const amlz_search *search, uint32_t index, const amlz_program *program, uint64_t birth)
{
    const amlz_dims dims = search_dims();
    const amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    amlz_evaluator *evaluator = evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D);
    amlz_evaluation e = {.struct_size = sizeof e};
    amlz_program found;
    amlz_member member;
    amlz_evaluate(evaluator, tasks, program, 1, &e, NULL);
    CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, index, &found, &member), AMLZ_OK);
    CHECK(amlz_program_equal(&found, program));
    CHECK_EQ_F64BITS(member.fitness, e.fitness);
    CHECK_EQ_U64(member.birth, birth);
    CHECK_EQ_U64(member.parent, 0);
    CHECK_EQ_INT(member.action, AMLZ_MUTATE_IDENTITY);
}

static void test_takes_the_place_of_the_oldest(void)
{
    amlz_search_config config = config_of(1);
    config.fec_size = 0; /* so that fitnesses are exact */
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program before[20], programs[7];
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_run(search, 130, 2, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        amlz_search_member(search, i, &before[i], NULL);
    }
    draw_programs(&config, 50, programs, 7);
    programs[3] = before[19]; /* one that a member is already is taken in all the same */
    CHECK_EQ_U64(mark_of(search), 80);
    CHECK_EQ_INT(amlz_search_take(search, programs, 7, NULL), AMLZ_OK);
    amlz_search_progress(search, &p);
    CHECK_EQ_U64(p.evaluations, 137);
    CHECK_EQ_U64(p.cache_hits + p.full_evaluations, 137);
    CHECK(p.cache_hits > 0);
    CHECK_EQ_INT(p.population, 20);
    CHECK_EQ_U64(mark_of(search), 137);
    for (uint32_t i = 0; i < 13; i++) {
        amlz_program now;
        amlz_search_member(search, i, &now, NULL);
        CHECK(amlz_program_equal(&now, &before[i + 7]));
    }
    for (uint32_t i = 0; i < 7; i++) {
        check_member(search, 13 + i, &programs[i], 131 + i);
    }
    const uint64_t digest = amlz_search_digest(search);
    amlz_search_run(search, 10, 2, NULL);
    CHECK_EQ_U64(mark_of(search), 137);
    CHECK_EQ_INT(amlz_search_take(search, NULL, 0, NULL), AMLZ_OK); /* only a mark */
    amlz_search_progress(search, &p);
    CHECK_EQ_U64(p.evaluations, 147);
    CHECK_EQ_U64(mark_of(search), 147);
    CHECK(amlz_search_digest(search) != digest);
    blocks_free();
}

/* Fewer than the population has members: it goes on growing. As many or more: the last ones are the population. */
static void test_seeds_a_new_search(void)
{
    static const uint32_t counts[] = {1, 19, 20, 21, 50};
    amlz_program programs[50];
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        const uint32_t count = counts[k], members = count < 20 ? count : 20;
        amlz_search_config config = config_of(2);
        config.fec_size = 0;
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_progress p = {.struct_size = sizeof p};
        double best = 0;
        draw_programs(&config, 200, programs, 50);
        CHECK_EQ_INT(amlz_search_take(search, programs, count, NULL), AMLZ_OK);
        amlz_search_progress(search, &p);
        CHECK_EQ_U64(p.evaluations, count);
        CHECK_EQ_INT(p.population, members);
        CHECK_EQ_U64(mark_of(search), count);
        for (uint32_t i = 0; i < members; i++) {
            check_member(search, i, &programs[count - members + i], count - members + i + 1);
        }
        CHECK_EQ_INT(amlz_search_best(search, NULL, &best), AMLZ_OK);
        CHECK_EQ_F64BITS(best, p.best_fitness);
        for (uint32_t n = count; n < 100; n++) {
            const uint32_t last = n < 20 ? n : 19;
            amlz_member member;
            amlz_search_run(search, 1, 2, NULL);
            CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, last, NULL, &member), AMLZ_OK);
            CHECK_EQ_U64(member.birth, n + 1);
            CHECK((member.parent == 0) == (n < 20)); /* first the population is filled up */
            CHECK(n < 20 || member.parent >= n - 19);
        }
        blocks_free();
    }
}

/* The same programs at the same time, by one call or by many: the same search but for the marks; other ones: another. */
static void test_is_deterministic(void)
{
    uint64_t digests[4];
    for (uint64_t k = 0; k < 4; k++) {
        amlz_search_config config = config_of(3);
        config.cache_size = config.fec_size = 0;
        amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
        amlz_program programs[12];
        draw_programs(&config, k == 3 ? 400 : 300, programs, 12);
        amlz_search_run(search, 60, 2, NULL);
        if (k == 1) {
            for (uint32_t i = 0; i < 12; i++) {
                amlz_search_take(search, &programs[i], 1, NULL);
            }
        } else {
            amlz_search_take(search, programs, 12, NULL);
        }
        amlz_search_run(search, 200, 2, NULL);
        digests[k] = amlz_search_digest(search);
        blocks_free();
    }
    CHECK_EQ_U64(digests[0], digests[1]);
    CHECK_EQ_U64(digests[0], digests[2]);
    CHECK(digests[0] != digests[3]);
}

/* What was taken in is drawn again as a child would not be, and counts as a member for those that are. */
static void test_with_redraws(void)
{
    amlz_search_config config = config_of(4);
    config.redraws = 5;
    config.mutate_prob = 0;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program same[40];
    amlz_progress p = {.struct_size = sizeof p};
    for (int i = 0; i < 40; i++) {
        same[i] = random_program(&config.space, 7);
    }
    amlz_search_take(search, same, 40, NULL);
    amlz_search_progress(search, &p);
    CHECK_EQ_U64(p.duplicates, 0);
    CHECK_EQ_U64(p.cache_hits, 39);
    amlz_search_run(search, 10, 2, &p);
    CHECK_EQ_U64(p.duplicates, 50);
    blocks_free();
}

/* Programs over budget join with fitness 0, as children do. */
static void test_rejected(void)
{
    amlz_search_config config = config_of(5);
    config.max_cost = 1e-9;
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program programs[5];
    amlz_progress p = {.struct_size = sizeof p};
    draw_programs(&config, 1, programs, 5);
    CHECK_EQ_INT(amlz_search_take(search, programs, 5, NULL), AMLZ_OK);
    amlz_search_progress(search, &p);
    CHECK(p.rejected == 5 && p.evaluations == 5 && p.population == 5 && p.train_steps == 0);
    CHECK_EQ_F64BITS(p.best_fitness, 0.0);
    blocks_free();
}

static void test_refusals(void)
{
    amlz_search_config config = config_of(6);
    config.space.function[AMLZ_PREDICT].n_ops = 0; /* so that its size is as it likes */
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_program programs[3];
    const char *reason = NULL;
    amlz_search_run(search, 50, 2, NULL);
    const uint64_t digest = amlz_search_digest(search), mark = mark_of(search);
    draw_programs(&config, 1, programs, 3);
    programs[2].code[AMLZ_SETUP][0].out = 255;
    programs[2].code[AMLZ_SETUP][0].op = 56;
    CHECK_EQ_INT(amlz_search_take(search, programs, 3, &reason), AMLZ_ERROR_PROGRAM);
    CHECK(reason != NULL && strstr(reason, "memory of the space") != NULL);
    draw_programs(&config, 1, programs, 3);
    programs[1].size[AMLZ_LEARN] = 9; /* max_size is 8 */
    memset(&programs[1].code[AMLZ_LEARN], 0, sizeof programs[1].code[AMLZ_LEARN]);
    CHECK_EQ_INT(amlz_search_take(search, programs, 3, &reason), AMLZ_ERROR_PROGRAM);
    CHECK(reason != NULL && strstr(reason, "max_size") != NULL);
    CHECK_EQ_INT(amlz_search_take(search, NULL, 1, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_take(NULL, programs, 1, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_U64(amlz_search_digest(search), digest); /* nothing was done */
    CHECK_EQ_U64(mark_of(search), mark);
    programs[1].size[AMLZ_LEARN] = 8;
    programs[1].size[AMLZ_PREDICT] = 9;
    memset(&programs[1].code[AMLZ_PREDICT], 0, sizeof programs[1].code[AMLZ_PREDICT]);
    CHECK_EQ_INT(amlz_search_take(search, programs, 3, &reason), AMLZ_OK);
    CHECK(reason == NULL);
    blocks_free();
}

int main(void)
{
    test_takes_the_place_of_the_oldest();
    test_seeds_a_new_search();
    test_is_deterministic();
    test_with_redraws();
    test_rejected();
    test_refusals();
    return check_report("take");
}
