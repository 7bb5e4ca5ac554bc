/* The table of the most recently used keys, against a list that is searched from end to end. */
#include "fixtures.h"
#include "search/cache.h"

/* Keys and fitnesses, the least recently used first. */
typedef struct model {
    uint64_t key[64];
    double fitness[64];
    size_t count, capacity;
} model;

static void model_append(model *m, uint64_t key, double fitness)
{
    m->key[m->count] = key;
    m->fitness[m->count++] = fitness;
}

static void model_drop(model *m, size_t i)
{
    memmove(m->key + i, m->key + i + 1, (m->count - i - 1) * sizeof *m->key);
    memmove(m->fitness + i, m->fitness + i + 1, (m->count - i - 1) * sizeof *m->fitness);
    m->count--;
}

static int model_find(model *m, uint64_t key, double *fitness)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->key[i] == key) {
            *fitness = m->fitness[i];
            model_drop(m, i);
            model_append(m, key, *fitness);
            return 1;
        }
    }
    return 0;
}

static void model_insert(model *m, uint64_t key, double fitness)
{
    if (m->capacity == 0) {
        return;
    }
    if (m->count == m->capacity) {
        model_drop(m, 0);
    }
    model_append(m, key, fitness);
}

static size_t cache_size(uint32_t capacity)
{
    cache c;
    arena counted = arena_over(NULL);
    amlz__cache_place(&c, &counted, capacity);
    return arena_total(&counted);
}

/* A table in a block that ends where it has to. */
static cache cache_new(uint32_t capacity)
{
    cache c;
    arena a = arena_over(block_new(cache_size(capacity)));
    amlz__cache_place(&c, &a, capacity);
    return c;
}

static void test_against_model(uint32_t capacity, uint32_t n_keys, int same_bucket)
{
    uint64_t state = capacity * 1000 + n_keys;
    cache c = cache_new(capacity);
    model m = {{0}, {0}, 0, capacity};
    unsigned wrong = 0, hits = 0;
    for (int i = 0; i < 100000; i++) {
        const uint64_t which = draw_below(&state, n_keys);
        const uint64_t key = same_bucket ? which << 40 : which * UINT64_C(0x9e3779b97f4a7c15);
        double expected = -1;
        const cache_entry *hit = amlz__cache_find(&c, key);
        wrong += (hit != NULL) != model_find(&m, key, &expected);
        wrong += hit != NULL && (bits_of(hit->fitness) != bits_of(expected) || hit->is_complete != (expected > 0));
        hits += hit != NULL;
        if (hit == NULL && draw_below(&state, 4) != 0) {
            const double fitness = draw_real(&state);
            amlz__cache_insert(&c, key, fitness, fitness > 0);
            model_insert(&m, key, fitness);
        }
        wrong += c.count != m.count;
    }
    if (!CHECK_EQ_INT(wrong, 0)) {
        printf("  capacity %u, %u keys\n", (unsigned)capacity, (unsigned)n_keys);
    }
    CHECK((hits > 0) == (capacity > 0));
    blocks_free();
}

static double fitness_of(cache *c, uint64_t key)
{
    const cache_entry *entry = amlz__cache_find(c, key);
    return entry == NULL ? -1 : entry->fitness;
}

static void test_by_hand(void)
{
    cache c = cache_new(2);
    CHECK(amlz__cache_find(&c, 0) == NULL); /* 0 is a key like any other, and not there */
    amlz__cache_insert(&c, 0, 0.5, 1);
    amlz__cache_insert(&c, UINT64_MAX, 0.25, 1);
    CHECK_EQ_F64BITS(fitness_of(&c, 0), 0.5); /* a use: now the other one is the older */
    amlz__cache_insert(&c, 7, 0.125, 0);
    CHECK(amlz__cache_find(&c, UINT64_MAX) == NULL);
    CHECK_EQ_INT(amlz__cache_find(&c, 0)->is_complete, 1);
    CHECK_EQ_INT(amlz__cache_find(&c, 7)->is_complete, 0);
    CHECK_EQ_F64BITS(fitness_of(&c, 7), 0.125);
    amlz__cache_insert(&c, 8, 1, 1);
    CHECK(amlz__cache_find(&c, 0) == NULL);
    blocks_free();
}

static void test_sizes(void)
{
    const size_t slack = 3 * ARENA_ALIGNMENT;
    CHECK_EQ_INT((int)cache_size(0), ARENA_ALIGNMENT); /* to align what may come behind it */
    for (uint32_t capacity = 1; capacity < 100000; capacity = capacity * 3 + 1) {
        CHECK(cache_size(capacity + 1) >= cache_size(capacity));
        CHECK(cache_size(capacity) >= capacity * sizeof(cache_entry));
        CHECK(cache_size(capacity) <= capacity * (sizeof(cache_entry) + 2 * sizeof(uint32_t)) + slack);
    }
}

/* Capacity 0: nothing is remembered. */
static void test_none(void)
{
    cache c = cache_new(0);
    amlz__cache_insert(&c, 5, 0.5, 1);
    CHECK(amlz__cache_find(&c, 5) == NULL);
}

int main(void)
{
    static const uint32_t capacities[] = {0, 1, 2, 3, 5, 8, 17, 63};
    test_by_hand();
    test_none();
    test_sizes();
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        test_against_model(capacities[i], capacities[i] + 1, 0);
        test_against_model(capacities[i], 100, 0);
        test_against_model(capacities[i], 20, 1); /* all keys in one bucket */
    }
    return check_report("cache");
}
