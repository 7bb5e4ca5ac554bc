/* Many threads at one search: whatever they do when, it is the search of one. */
#include <pthread.h>

#include "search_fixtures.h"

enum { MOST = 4, EVALUATIONS = 3000 };

/* A mutex that lets others go first now and then, so that threads meet in many ways. */
typedef struct monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t state;
} monitor;

static void lock(void *context)
{
    monitor *m = context;
    pthread_mutex_lock(&m->mutex);
    if (draw_below(&m->state, 4) == 0) {
        pthread_mutex_unlock(&m->mutex);
        for (volatile int spin = 0; spin < 2000; spin++) {
        }
        pthread_mutex_lock(&m->mutex);
    }
}

static void unlock(void *context) { pthread_mutex_unlock(&((monitor *)context)->mutex); }
static void wait_for_others(void *context) { pthread_cond_wait(&((monitor *)context)->changed, &((monitor *)context)->mutex); }
static void wake(void *context) { pthread_cond_broadcast(&((monitor *)context)->changed); }

typedef struct worker {
    pthread_t thread;
    amlz_crew *crew;
    amlz_evaluator *evaluator;
    amlz_status status;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    w->status = amlz_crew_work(w->crew, w->evaluator);
    return NULL;
}

static amlz_evaluator *evaluator_for(const amlz_search_config *config)
{
    return evaluator_new(&config->space.dims, (amlz_precision)config->precision, AMLZ_VARIANT_AUTO,
                         (amlz_combine)config->combine, D);
}

static amlz_crew_config crew_config(monitor *m, uint32_t n_ahead)
{
    const amlz_crew_config config = {sizeof config, n_ahead, lock, unlock, wait_for_others, wake, m};
    return config;
}

static amlz_crew *crew_new(amlz_search *search, const amlz_crew_config *config)
{
    const size_t size = amlz_crew_size(config, search, NULL);
    return amlz_crew_init(block_new(size), size, config, search, NULL);
}

/* Runs a search by a crew, in pieces of uneven size; how many evaluations it made. */
static void run_by_crew(amlz_search *search, const amlz_search_config *config, uint32_t n_threads, uint32_t n_ahead,
                        uint64_t evaluations, double stop_fitness)
{
    monitor m = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, config->seed};
    const amlz_crew_config own = crew_config(&m, n_ahead);
    amlz_crew *crew = crew_new(search, &own);
    worker workers[MOST];
    amlz_progress progress = {.struct_size = sizeof progress};
    uint64_t piece = 1;
    amlz_search_progress(search, &progress);
    for (uint32_t i = 0; i < n_threads; i++) {
        workers[i].crew = crew;
        workers[i].evaluator = evaluator_for(config);
    }
    while (progress.evaluations < evaluations && !(progress.best_fitness >= stop_fitness)) {
        const uint64_t left = evaluations - progress.evaluations;
        CHECK(amlz_crew_begin(crew, piece < left ? piece : left, stop_fitness) == AMLZ_OK);
        for (uint32_t i = 0; i < n_threads; i++) {
            CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
        }
        for (uint32_t i = 0; i < n_threads; i++) {
            CHECK(pthread_join(workers[i].thread, NULL) == 0);
            CHECK(workers[i].status == AMLZ_OK);
        }
        amlz_search_progress(search, &progress);
        piece = piece * 3 + 1;
    }
}

static void check_same_counts(const amlz_search *one, const amlz_search *other)
{
    amlz_progress a = {.struct_size = sizeof a}, b = {.struct_size = sizeof b};
    amlz_search_progress(one, &a);
    amlz_search_progress(other, &b);
    CHECK_EQ_U64(a.evaluations, b.evaluations);
    CHECK_EQ_U64(a.cache_hits, b.cache_hits);
    CHECK_EQ_U64(a.fec_hits, b.fec_hits);
    CHECK_EQ_U64(a.rejected, b.rejected);
    CHECK_EQ_U64(a.probes, b.probes);
    CHECK_EQ_U64(a.full_evaluations, b.full_evaluations);
    CHECK_EQ_U64(a.train_steps, b.train_steps);
    CHECK_EQ_U64(a.valid_steps, b.valid_steps);
    CHECK_EQ_U64(a.best_evaluation, b.best_evaluation);
    CHECK_EQ_U64(a.duplicates, b.duplicates);
    for (int i = 0; i < AMLZ_MAX_HURDLES; i++) {
        CHECK_EQ_U64(a.hurdle_stops[i], b.hurdle_stops[i]);
    }
    CHECK_EQ_U64(amlz_search_digest(one), amlz_search_digest(other));
}

/* Each kind of search that there is. */
enum { KINDS = 14 };
static amlz_search_config kind_of_search(int kind)
{
    amlz_search_config config = config_of((uint64_t)kind + 1);
    switch (kind) {
    case 1: config.algorithm = AMLZ_RANDOM_SEARCH; break;
    case 2: config.cache_size = config.fec_size = 0; break;
    case 3: config.cache_size = config.fec_size = 3; break; /* what was there a moment ago is forgotten */
    case 4: config.fec_size = 0; config.cache_period = 37; break;
    case 5: config.redraws = 3; break;
    case 6: config.must_learn = 1; config.start = AMLZ_START_EMPTY; break;
    case 7:
        config.n_hurdles = 2;
        config.hurdle[0] = (amlz_hurdle){3, 3};
        config.hurdle[1] = (amlz_hurdle){8, 5};
        config.hurdle_window = 10;
        break;
    case 8: config.population_size = 2; config.redraws = 2; config.tournament_size = 1; break;
    case 9: config.mutate_prob = 0.3; config.cache_work = 20000; config.combine = AMLZ_MEDIAN; break;
    case 10: return valid_config(11);
    case 11: config = valid_config(12); config.replace_worst_of = 0; config.structures_size = 40; break;
    case 12: config = valid_config(13); config.fec_size = 50; config.cache_size = 50; config.mutate_prob = 0.5; break;
    case 13: config.tunings = 3; config.restart_period = 20; config.replace_worst_of = 2; break;
    default: break;
    }
    return config;
}

static void test_finds_what_one_thread_finds(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (amlz_precision precision = AMLZ_FLOAT32; precision <= AMLZ_FLOAT64; precision++) {
            amlz_search_config config = kind_of_search(kind);
            config.precision = (uint8_t)precision;
            amlz_tasks *tasks = tasks_for(precision);
            amlz_search *alone = search_new(&config, tasks, NULL);
            amlz_search_run(alone, EVALUATIONS, 2, NULL);
            for (uint32_t n_threads = 1; n_threads <= MOST; n_threads++) {
                amlz_search *search = search_new(&config, tasks, NULL);
                run_by_crew(search, &config, n_threads, n_threads == 1 ? 1 : 5 * n_threads, EVALUATIONS, 2);
                check_same_counts(alone, search);
            }
            blocks_free();
        }
    }
}

static void test_stops_at_the_fitness(void)
{
    const amlz_search_config config = config_of(3);
    amlz_tasks *tasks = tasks_for(AMLZ_FLOAT32);
    double best;
    amlz_search *alone = search_new(&config, tasks, NULL), *stopped = search_new(&config, tasks, NULL);
    amlz_search *search = search_new(&config, tasks, NULL);
    amlz_search_run(alone, EVALUATIONS, 2, NULL);
    amlz_search_best(alone, NULL, &best);
    amlz_search_run(stopped, EVALUATIONS, best, NULL);
    run_by_crew(search, &config, 3, 12, EVALUATIONS, best);
    check_same_counts(stopped, search);
    /* And both go on alike, each in the other's way. */
    amlz_progress progress = {.struct_size = sizeof progress};
    amlz_search_run(search, 500, 2, &progress);
    run_by_crew(stopped, &config, 3, 12, progress.evaluations, 2);
    check_same_counts(stopped, search);
    blocks_free();
}

static void test_what_is_refused(void)
{
    monitor m = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1};
    const amlz_search_config config = config_of(1);
    amlz_search *search = search_new(&config, tasks_for(AMLZ_FLOAT32), NULL);
    amlz_crew_config own = crew_config(&m, 4);
    const char *reason = NULL;
    amlz_crew *crew = crew_new(search, &own);
    CHECK(amlz_crew_size(NULL, search, &reason) == 0);
    CHECK(strcmp(reason, "crew: struct_size must be the size of amlz_crew_config") == 0);
    CHECK(amlz_crew_size(&own, NULL, &reason) == 0);
    CHECK(strcmp(reason, "search must not be NULL") == 0);
    own.n_ahead = 0;
    CHECK(amlz_crew_size(&own, search, &reason) == 0);
    CHECK(strcmp(reason, "n_ahead must be 1 or more") == 0);
    own.n_ahead = 4;
    own.wake = NULL;
    CHECK(amlz_crew_size(&own, search, &reason) == 0);
    CHECK(strcmp(reason, "lock, unlock, wait and wake must not be NULL") == 0);

    amlz_search_config other = config;
    other.combine = AMLZ_MEDIAN;
    CHECK(amlz_crew_work(NULL, evaluator_for(&config)) == AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_crew_work(crew, NULL) == AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_crew_work(crew, evaluator_for(&other)) == AMLZ_ERROR_ARGUMENT);
    other = config;
    other.space.dims.n_matrices++;
    CHECK(amlz_crew_work(crew, evaluator_for(&other)) == AMLZ_ERROR_ARGUMENT);
    CHECK(amlz_crew_work(crew, evaluator_for(&config)) == AMLZ_OK); /* with nothing to do */

    amlz_program program;
    uint64_t ticket;
    CHECK(amlz_search_ask(search, &program, &ticket, NULL) == AMLZ_OK);
    CHECK(amlz_crew_begin(crew, 10, 2) == AMLZ_ERROR_ARGUMENT);
    blocks_free();
}

int main(void)
{
    test_finds_what_one_thread_finds();
    test_stops_at_the_fitness();
    test_what_is_refused();
    return check_report("crew");
}
