/* Programs that come from outside, and fitnesses that do. */
#include <string.h>

#include "base/fail.h"
#include "base/portability.h"
#include "search/layout.h"
#include "search/mark.h"
#include "search/measure.h"
#include "search/step.h"

static const char NOT_TOLD[] = "the fitness of the program that was asked for must be told first";
static const char NOT_RESUMED[] = "items were put: the search must be resumed first";

amlz_status amlz_search_take(amlz_search *search, const amlz_program *programs, uint32_t count, const char **reason)
{
    if (search == NULL || (programs == NULL && count > 0)) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search and programs must not be NULL");
    }
    if (search->asked.ticket != 0 || search->is_put) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, search->is_put ? NOT_RESUMED : NOT_TOLD);
    }
    for (uint32_t i = 0; i < count; i++) {
        const amlz_status status = amlz__layout_check_program(search, &programs[i], reason);
        if (status != AMLZ_OK) {
            return status;
        }
    }
    const port_fp_state caller = port_fp_enter();
    measure_start(search);
    for (uint32_t i = 0; i < count; i++) {
        amlz_member member = {0};
        member.action = AMLZ_MUTATE_IDENTITY;
        const candidate taken = amlz__step_candidate(search, &programs[i], &member, amlz__step_load(search, &programs[i]));
        amlz__step_add(search, &taken);
        measure_lap(search, AMLZ_PHASE_RECORDS);
    }
    amlz__mark_set(search);
    measure_lap(search, AMLZ_PHASE_RECORDS);
    port_fp_leave(caller);
    return accept(reason);
}

amlz_status amlz_search_ask(amlz_search *search, amlz_program *program, uint64_t *ticket, const char **reason)
{
    if (search == NULL || program == NULL || ticket == NULL) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search, program and ticket must not be NULL");
    }
    if (search->asked.ticket != 0 || search->is_put) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, search->is_put ? NOT_RESUMED : NOT_TOLD);
    }
    const port_fp_state caller = port_fp_enter();
    asked_program *asked = &search->asked;
    const rng_state rng = search->now.rng;
    const uint64_t duplicates = search->now.progress.duplicates;
    measure_start(search);
    memset(&asked->origin, 0, sizeof asked->origin);
    int is_guess;
    amlz__step_make_child(search, &search->child, &asked->origin, &is_guess);
    asked->ticket = search->now.progress.evaluations + 1;
    asked->rng = search->now.rng;
    asked->duplicates = search->now.progress.duplicates;
    search->now.rng = rng;
    search->now.progress.duplicates = duplicates;
    port_fp_leave(caller);
    memset(program, 0, sizeof *program);
    amlz__state_copy_program(program, &search->child);
    *ticket = asked->ticket;
    return accept(reason);
}

amlz_status amlz_search_tell(amlz_search *search, uint64_t ticket, double fitness, const char **reason)
{
    if (search == NULL) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search must not be NULL");
    }
    asked_program *asked = &search->asked;
    if (asked->ticket == 0) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "a program must be asked for before its fitness is told");
    }
    if (ticket != asked->ticket) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "ticket must be that of the program that was asked for last");
    }
    const port_fp_state caller = port_fp_enter();
    const int is_fitness = fitness >= 0 && fitness <= 1;
    if (is_fitness) {
        const double told = fitness > 0 ? fitness : 0; /* no -0 */
        amlz_member member = asked->origin;
        measure_start(search);
        search->now.rng = asked->rng;
        search->now.progress.duplicates = asked->duplicates;
        asked->ticket = 0;
        candidate child = amlz__step_candidate(search, &search->child, &member, amlz__step_load(search, &search->child));
        child.told = &told;
        amlz__step_add(search, &child);
        amlz__mark_set(search);
        measure_lap(search, AMLZ_PHASE_RECORDS);
    }
    port_fp_leave(caller);
    return is_fitness ? accept(reason)
                      : refuse(AMLZ_ERROR_ARGUMENT, reason, "fitness must be from 0 to 1");
}
