/* Programs that come from outside, and fitnesses that do. */
#include <string.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/portability.h"
#include "search/layout.h"
#include "search/mark.h"
#include "search/measure.h"
#include "search/step.h"

static const char NOT_TOLD[] = "the fitness of a program that was asked for must be told first";
static const char NOT_RESUMED[] = "items were put: the search must be resumed first";

amlz_status amlz_search_take(amlz_search *search, const amlz_program *programs, uint32_t count, const char **reason)
{
    if (search == NULL || (programs == NULL && count > 0)) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search and programs must not be NULL");
    }
    if (search->asked.count != 0 || search->is_put) {
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

/* ---------------------------------------------------------------- asking and telling */

static pending_child *lay_out(arena *a, uint32_t n_out) { return arena_take(a, n_out, sizeof(pending_child)); }

size_t amlz_search_lend_size(uint32_t n_out, const char **reason)
{
    arena a = arena_over(NULL);
    if (judge(n_out == 0 ? "n_out must be 1 or more" : NULL, reason) != AMLZ_OK) {
        return 0;
    }
    lay_out(&a, n_out);
    return amlz__check_total(&a, reason);
}

amlz_status amlz_search_lend(amlz_search *search, void *memory, size_t size, uint32_t n_out, const char **reason)
{
    const size_t needed = amlz_search_lend_size(n_out, reason);
    if (!amlz__check_block(memory, size, needed, CHECK_SMALLER_THAN("amlz_search_lend_size"), reason)) {
        return AMLZ_ERROR_ARGUMENT;
    }
    if (search == NULL || n_out < search->asked.count) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "there must be a search, and room for all programs that are out");
    }
    arena a = arena_over(memory);
    pending_child *children = lay_out(&a, n_out);
    for (uint32_t i = 0; i < search->asked.count; i++) {
        children[i] = *pending_at(&search->asked, i);
    }
    search->asked.children = children;
    search->asked.capacity = n_out;
    search->asked.first = 0;
    return accept(reason);
}

amlz_status amlz_search_ask(amlz_search *search, amlz_program *program, uint64_t *ticket, const char **reason)
{
    if (search == NULL || program == NULL || ticket == NULL) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search, program and ticket must not be NULL");
    }
    pending *asked = &search->asked;
    if (asked->count == asked->capacity || search->is_put) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, search->is_put ? NOT_RESUMED : NOT_TOLD);
    }
    const port_fp_state caller = port_fp_enter();
    pending_child *child = pending_at(asked, asked->count);
    measure_start(search);
    search->ahead = *asked;
    amlz__step_make_pending(search, child);
    search->ahead.count = 0;
    port_fp_leave(caller);
    memset(program, 0, sizeof *program);
    *ticket = 0;
    if (!child->is_guess) {
        child->stage = CHILD_OUT;
        asked->count++;
        *ticket = child->ticket = child->member.birth;
        amlz__state_copy_program(program, &child->program);
    }
    return accept(reason);
}

/* The child that waits for its fitness; NULL if there is none of this ticket. */
static pending_child *child_of(const amlz_search *s, uint64_t ticket)
{
    const uint64_t turn = ticket - s->now.progress.evaluations - 1; /* of one that was taken in: very large */
    pending_child *child = turn < s->asked.count ? pending_at(&s->asked, (uint32_t)turn) : NULL;
    return child != NULL && child->stage == CHILD_OUT ? child : NULL;
}

/* Takes in the programs whose turn has come, as many as have their fitness. */
static void take_in_told(amlz_search *s)
{
    do {
        const double told = pending_at(&s->asked, 0)->member.fitness;
        amlz__step_take_pending(s, &s->asked, &told);
    } while (s->asked.count > 0 && pending_at(&s->asked, 0)->stage == CHILD_READY);
    amlz__mark_set(s);
}

amlz_status amlz_search_tell(amlz_search *search, uint64_t ticket, double fitness, const char **reason)
{
    if (search == NULL) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "search must not be NULL");
    }
    pending *asked = &search->asked;
    if (asked->count == 0) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "a program must be asked for before its fitness is told");
    }
    pending_child *child = child_of(search, ticket);
    if (child == NULL) {
        return refuse(AMLZ_ERROR_ARGUMENT, reason, "ticket must be that of a program which waits for its fitness");
    }
    const port_fp_state caller = port_fp_enter();
    const int is_fitness = fitness >= 0 && fitness <= 1;
    if (is_fitness) {
        child->member.fitness = fitness > 0 ? fitness : 0; /* no -0 */
        child->stage = CHILD_READY;
        measure_start(search);
        if (pending_at(asked, 0)->stage == CHILD_READY) {
            take_in_told(search);
        }
        measure_lap(search, AMLZ_PHASE_RECORDS);
    }
    port_fp_leave(caller);
    return is_fitness ? accept(reason)
                      : refuse(AMLZ_ERROR_ARGUMENT, reason, "fitness must be from 0 to 1");
}
