/* Programs of a search that are evaluated elsewhere. */
#include "search_fixtures.h"

typedef struct elsewhere {
    const amlz_tasks *tasks;
    amlz_evaluator *evaluator;
} elsewhere;

static elsewhere elsewhere_new(void)
{
    const amlz_dims dims = search_dims();
    elsewhere e = {tasks_for(AMLZ_FLOAT32), evaluator_new(&dims, AMLZ_FLOAT32, AMLZ_VARIANT_AUTO, AMLZ_MEAN, D)};
    return e;
}

static double fitness_of(const elsewhere *e, const amlz_program *program)
{
    amlz_evaluation result = {.struct_size = sizeof result};
    CHECK_EQ_INT(amlz_evaluate(e->evaluator, e->tasks, program, 1, &result, NULL), AMLZ_OK);
    return result.fitness;
}

/* One program is asked for, evaluated and told. */
static void step(amlz_search *search, const elsewhere *e)
{
    amlz_program program;
    amlz_progress p = {.struct_size = sizeof p};
    uint64_t ticket = 0;
    amlz_search_progress(search, &p);
    CHECK_EQ_INT(amlz_search_ask(search, &program, &ticket, NULL), AMLZ_OK);
    CHECK_EQ_U64(ticket, p.evaluations + 1);
    CHECK_EQ_INT(amlz_search_tell(search, ticket, fitness_of(e, &program), NULL), AMLZ_OK);
}

/* Two searches have the same items and draw the same from here on. */
static void check_same(const amlz_search *a, const amlz_search *b)
{
    amlz_state at_a = {.struct_size = sizeof at_a}, at_b = {.struct_size = sizeof at_b};
    amlz_search_state(a, AMLZ_NOW, &at_a);
    amlz_search_state(b, AMLZ_NOW, &at_b);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ_U64(at_a.rng[i], at_b.rng[i]);
    }
    CHECK_EQ_U64(at_a.progress.evaluations, at_b.progress.evaluations);
    CHECK_EQ_U64(at_a.progress.duplicates, at_b.progress.duplicates);
    CHECK_EQ_U64(at_a.progress.rejected, at_b.progress.rejected);
    CHECK_EQ_U64(at_a.progress.best_evaluation, at_b.progress.best_evaluation);
    CHECK_EQ_F64BITS(at_a.progress.best_fitness, at_b.progress.best_fitness);
    for (int part = AMLZ_POPULATION; part <= AMLZ_BEST; part++) {
        const uint32_t count = amlz_search_count(a, AMLZ_NOW, part);
        CHECK(count > 0);
        CHECK_EQ_INT(count, amlz_search_count(b, AMLZ_NOW, part));
        for (uint32_t i = 0; i < count; i++) {
            amlz_program one, other;
            amlz_member x, y;
            amlz_search_item(a, AMLZ_NOW, part, i, &one, &x);
            amlz_search_item(b, AMLZ_NOW, part, i, &other, &y);
            CHECK(amlz_program_equal(&one, &other));
            CHECK_EQ_F64BITS(x.fitness, y.fitness);
            CHECK_EQ_U64(x.birth, y.birth);
            CHECK_EQ_U64(x.parent, y.parent);
            CHECK_EQ_INT(x.action, y.action);
        }
    }
}

/* Who tells what the search would have found gets to the same search: with random search too, with children that are drawn
 * again, with programs that cost too much, and in turns with run. */
static void test_goes_the_same_way(void)
{
    for (int k = 0; k < 5; k++) {
        const elsewhere e = elsewhere_new();
        amlz_search_config config = config_of(11);
        config.fec_size = 0;
        config.cache_size = k == 3 ? 50 : 0;
        config.algorithm = k == 1 ? AMLZ_RANDOM_SEARCH : AMLZ_EVOLUTION;
        config.redraws = k == 2 ? 3 : 0;
        config.max_cost = k == 4 ? 15 : 0;
        amlz_search *run = search_new(&config, e.tasks, NULL), *asked = search_new(&config, e.tasks, NULL);
        amlz_progress p = {.struct_size = sizeof p}, q = {.struct_size = sizeof q};
        amlz_search_run(run, 150, 2, &p);
        for (int i = 0; i < 50; i++) {
            step(asked, &e);
            step(asked, &e);
            amlz_search_run(asked, 1, 2, &q);
        }
        check_same(run, asked);
        CHECK_EQ_U64(q.evaluations, q.cache_hits + q.rejected + q.full_evaluations);
        CHECK(q.train_steps > 0 && q.train_steps < p.train_steps); /* of what it ran itself */
        CHECK((p.duplicates > 0) == (k == 2));
        CHECK((p.rejected > 0) == (k == 4));
        blocks_free();
    }
}

/* ---------------------------------------------------------------- many at a time */

static void lend(amlz_search *search, uint32_t n_out)
{
    const size_t size = amlz_search_lend_size(n_out, NULL);
    CHECK_EQ_INT(amlz_search_lend(search, block_new(size), size, n_out, NULL), AMLZ_OK);
}

/* As many programs as there are, up to n_out, are asked for and told in an order of chance, until so many were evaluated;
 * how many were out at most. Now and then the memory is another, with programs out. */
static uint32_t go_by_many(amlz_search *search, const elsewhere *e, uint32_t n_out, uint64_t evaluations, uint64_t *chance)
{
    enum { MOST = 64 };
    amlz_program programs[MOST];
    uint64_t tickets[MOST], n_asked = 0;
    uint32_t count = 0, most = 0;
    amlz_progress p = {.struct_size = sizeof p};
    amlz_search_progress(search, &p);
    lend(search, n_out);
    for (evaluations += p.evaluations, n_asked = p.evaluations; p.evaluations < evaluations;) {
        while (n_asked < evaluations && amlz_search_ask(search, &programs[count], &tickets[count], NULL) == AMLZ_OK &&
               tickets[count] != 0) {
            CHECK_EQ_U64(tickets[count], ++n_asked);
            count++;
        }
        most = count > most ? count : most;
        CHECK(count > 0);
        const uint32_t which = draw_below(chance, count);
        if (draw_below(chance, 8) == 0) {
            lend(search, n_out);
        }
        CHECK_EQ_INT(amlz_search_tell(search, tickets[which], fitness_of(e, &programs[which]), NULL), AMLZ_OK);
        CHECK_EQ_INT(amlz_search_tell(search, tickets[which], 0.5, NULL), AMLZ_ERROR_ARGUMENT);
        programs[which] = programs[--count];
        tickets[which] = tickets[count];
        amlz_search_progress(search, &p);
    }
    return most;
}

/* However many are out and in whatever order they are told: it is the search of one program at a time. */
static void test_many_go_the_same_way(void)
{
    uint64_t chance = 5;
    for (int k = 0; k < 6; k++) {
        for (uint32_t n_out = 1; n_out < 64; n_out = 2 * n_out + 1) {
            const elsewhere e = elsewhere_new();
            amlz_search_config config = config_of(15);
            config.fec_size = 0;
            config.algorithm = k == 1 ? AMLZ_RANDOM_SEARCH : AMLZ_EVOLUTION;
            config.redraws = k == 2 || k == 5 ? 3 : 0;
            config.max_cost = k == 4 ? 15 : 0;
            config.tournament_size = k >= 4 ? 1 : 3;
            config.population_size = k == 5 ? 3 : 20;
            amlz_search *one = search_new(&config, e.tasks, NULL), *many = search_new(&config, e.tasks, NULL);
            for (int i = 0; i < 150; i++) {
                step(one, &e);
            }
            const uint32_t most = go_by_many(many, &e, n_out, 100, &chance);
            CHECK(most == n_out || (k != 1 && most >= (n_out < config.population_size ? n_out : config.population_size)));
            go_by_many(many, &e, n_out, 50, &chance);
            check_same(one, many);
            amlz_search_run(one, 50, 2, NULL);
            amlz_search_run(many, 50, 2, NULL);
            check_same(one, many);
            CHECK_EQ_U64(amlz_search_digest(one), amlz_search_digest(many));
            blocks_free();
        }
    }
}

/* A program whose tournament meets one that is out is not to be had; nothing is taken in before its turn. */
static void test_waits_for_those_before(void)
{
    const elsewhere e = elsewhere_new();
    amlz_search_config config = config_of(16);
    amlz_program program;
    amlz_progress p = {.struct_size = sizeof p};
    uint64_t ticket = 1, last = 0;
    const char *reason = "";
    config.tournament_size = 3;
    amlz_search *search = search_new(&config, e.tasks, NULL);
    lend(search, 64);
    while (amlz_search_ask(search, &program, &ticket, &reason) == AMLZ_OK && ticket != 0) {
        last = ticket;
    }
    CHECK(reason == NULL && last >= 20 && last < 40); /* the first population, and a few children of none of them */
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        CHECK_EQ_INT(program.size[f], 0);
    }
    const uint64_t digest = amlz_search_digest(search);
    CHECK_EQ_INT(amlz_search_tell(search, 2, 0.5, NULL), AMLZ_OK);
    CHECK_EQ_U64(amlz_search_digest(search), digest);
    CHECK_EQ_INT(amlz_search_run(search, 1, 2, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_tell(search, 1, 0.25, NULL), AMLZ_OK);
    amlz_search_progress(search, &p);
    CHECK_EQ_U64(p.evaluations, 2);
    CHECK_EQ_U64(p.best_evaluation, 2);
    CHECK_EQ_INT(amlz_search_tell(search, 1, 0.25, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strstr(reason, "waits for its fitness") != NULL);
    CHECK_EQ_INT(amlz_search_tell(search, last + 1, 0.25, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_tell(search, 0, 0.25, NULL), AMLZ_ERROR_ARGUMENT);

    unsigned char small[16];
    CHECK(amlz_search_lend_size(0, &reason) == 0 && strstr(reason, "n_out") != NULL);
    CHECK_EQ_INT(amlz_search_lend(search, small, sizeof small, 64, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strstr(reason, "amlz_search_lend_size") != NULL);
    const size_t size = amlz_search_lend_size(1, NULL);
    CHECK_EQ_INT(amlz_search_lend(search, block_new(size), size, 1, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(strstr(reason, "that are out") != NULL);
    CHECK_EQ_INT(amlz_search_tell(search, 3, 0.25, NULL), AMLZ_OK); /* nothing was lost */
    blocks_free();
}

/* ---------------------------------------------------------------- */

/* Asking changes nothing, so that a search saved meanwhile is asked for the same program again; telling makes a mark. */
static void test_state_while_asked(void)
{
    const elsewhere e = elsewhere_new();
    const amlz_search_config config = config_of(12);
    amlz_search *search = search_new(&config, e.tasks, NULL), *twin = search_new(&config, e.tasks, NULL);
    amlz_program program, same;
    amlz_state mark = {.struct_size = sizeof mark};
    uint64_t ticket, again;
    amlz_search_run(search, 130, 2, NULL);
    amlz_search_run(twin, 130, 2, NULL);
    const uint64_t digest = amlz_search_digest(search);
    CHECK_EQ_INT(amlz_search_ask(search, &program, &ticket, NULL), AMLZ_OK);
    CHECK_EQ_U64(amlz_search_digest(search), digest);
    amlz_search_state(search, AMLZ_AT_MARK, &mark);
    CHECK_EQ_U64(mark.progress.evaluations, 80);
    CHECK_EQ_INT(amlz_search_ask(twin, &same, &again, NULL), AMLZ_OK);
    CHECK(amlz_program_equal(&program, &same));
    CHECK_EQ_U64(ticket, 131);
    CHECK_EQ_U64(again, 131);
    CHECK_EQ_INT(amlz_search_tell(search, ticket, 1, NULL), AMLZ_OK);
    amlz_search_state(search, AMLZ_AT_MARK, &mark);
    CHECK_EQ_U64(mark.progress.evaluations, 131);
    CHECK_EQ_U64(mark.progress.best_evaluation, 131);
    CHECK_EQ_F64BITS(mark.progress.best_fitness, 1.0);
    amlz_member youngest, best;
    amlz_search_item(search, AMLZ_NOW, AMLZ_POPULATION, 19, &same, &youngest);
    CHECK(amlz_program_equal(&program, &same) && youngest.fitness == 1 && youngest.birth == 131);
    CHECK(youngest.parent >= 111 && youngest.parent <= 130);
    amlz_search_item(search, AMLZ_NOW, AMLZ_BEST, 0, &same, &best);
    CHECK(amlz_program_equal(&program, &same) && best.birth == 131);
    blocks_free();
}

/* What is too expensive scores 0 whatever is told. */
static void test_rejected(void)
{
    const elsewhere e = elsewhere_new();
    amlz_search_config config = config_of(13);
    config.max_cost = 1e-9;
    amlz_search *search = search_new(&config, e.tasks, NULL);
    amlz_program program;
    amlz_progress p = {.struct_size = sizeof p};
    uint64_t ticket;
    CHECK_EQ_INT(amlz_search_ask(search, &program, &ticket, NULL), AMLZ_OK);
    CHECK_EQ_INT(amlz_search_tell(search, ticket, 0.5, NULL), AMLZ_OK);
    amlz_search_progress(search, &p);
    CHECK(p.rejected == 1 && p.full_evaluations == 0 && p.evaluations == 1);
    CHECK_EQ_F64BITS(p.best_fitness, 0.0);
    blocks_free();
}

static void test_refusals(void)
{
    static const double not_fitnesses[] = {-1e-9, 1.0000001, (double)NAN, (double)INFINITY};
    const elsewhere e = elsewhere_new();
    const amlz_search_config config = config_of(14);
    amlz_search *search = search_new(&config, e.tasks, NULL);
    amlz_program program, other;
    amlz_member member = {0.5, 1, 0, AMLZ_MUTATE_IDENTITY};
    amlz_state state = {.struct_size = sizeof state};
    uint64_t ticket, no_ticket;
    const char *reason = NULL;
    CHECK_EQ_INT(amlz_search_tell(search, 1, 0.5, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(reason != NULL && strstr(reason, "asked for before") != NULL);
    CHECK_EQ_INT(amlz_search_ask(NULL, &program, &ticket, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_ask(search, NULL, &ticket, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_ask(search, &program, NULL, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_ask(search, &program, &ticket, &reason), AMLZ_OK);
    CHECK(reason == NULL);
    const uint64_t digest = amlz_search_digest(search);
    CHECK_EQ_INT(amlz_search_ask(search, &other, &no_ticket, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(reason != NULL && strstr(reason, "told first") != NULL);
    CHECK_EQ_INT(amlz_search_run(search, 1, 2, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_take(search, &program, 1, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(reason != NULL && strstr(reason, "told first") != NULL);
    CHECK_EQ_INT(amlz_search_put(search, AMLZ_POPULATION, &program, &member, NULL), AMLZ_ERROR_ARGUMENT);
    amlz_search_state(search, AMLZ_NOW, &state);
    CHECK_EQ_INT(amlz_search_resume(search, &state, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_tell(NULL, ticket, 0.5, NULL), AMLZ_ERROR_ARGUMENT);
    CHECK_EQ_INT(amlz_search_tell(search, ticket + 1, 0.5, &reason), AMLZ_ERROR_ARGUMENT);
    CHECK(reason != NULL && strstr(reason, "ticket") != NULL);
    for (size_t i = 0; i < sizeof not_fitnesses / sizeof *not_fitnesses; i++) {
        CHECK_EQ_INT(amlz_search_tell(search, ticket, not_fitnesses[i], &reason), AMLZ_ERROR_ARGUMENT);
        CHECK(reason != NULL && strstr(reason, "from 0 to 1") != NULL);
    }
    CHECK_EQ_U64(amlz_search_digest(search), digest);
    CHECK_EQ_INT(amlz_search_tell(search, ticket, -0.0, &reason), AMLZ_OK);
    CHECK(reason == NULL);
    CHECK_EQ_INT(amlz_search_item(search, AMLZ_NOW, AMLZ_BEST, 0, NULL, &member), AMLZ_OK);
    CHECK_EQ_F64BITS(member.fitness, 0.0);
    CHECK_EQ_INT(amlz_search_tell(search, ticket, 0.5, NULL), AMLZ_ERROR_ARGUMENT); /* once is enough */
    CHECK_EQ_INT(amlz_search_run(search, 30, 2, NULL), AMLZ_OK);
    blocks_free();
}

int main(void)
{
    test_goes_the_same_way();
    test_many_go_the_same_way();
    test_waits_for_those_before();
    test_state_while_asked();
    test_rejected();
    test_refusals();
    return check_report("ask");
}
