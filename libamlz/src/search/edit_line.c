/* Edits of single lines. */
#include "search/edit.h"

/* ---------------------------------------------------------------- rewire */

/* What an operand may read in place of what it reads. */
static uint32_t other_addresses(const edit *e, edit_slot slot, uint8_t found[AMLZ_ADDRESSES])
{
    amlz_instruction *x = edit_line_of(e, slot);
    const uint32_t all = amlz__edit_readable(e, slot.f, edit_type_at(x, slot.operand), found);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all; i++) {
        if (found[i] != *edit_address_at(x, slot.operand)) {
            found[n++] = found[i];
        }
    }
    return n;
}

int amlz__edit_rewire(edit *e)
{
    edit_slot slots[EDIT_MAX_SLOTS];
    uint8_t found[AMLZ_ADDRESSES];
    const uint32_t all = amlz__edit_slots(e, slots);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all; i++) {
        if (other_addresses(e, slots[i], found) > 0) {
            slots[n++] = slots[i];
        }
    }
    if (n == 0) {
        return 0;
    }
    const edit_slot slot = slots[rng_below(e->rng, n)];
    *edit_address_at(edit_line_of(e, slot), slot.operand) = edit_pick(e, found, other_addresses(e, slot, found));
    return 1;
}

/* ---------------------------------------------------------------- insert on an edge */

/* Where a new line before the operand's may write, so that nobody but the operand sees it. */
static uint32_t unseen_outputs(const edit *e, edit_slot slot, uint8_t found[AMLZ_ADDRESSES])
{
    amlz_instruction *x = edit_line_of(e, slot);
    const int other = 1 - slot.operand;
    uint64_t set[FLOW_WORDS];
    amlz__edit_wanted(e, slot.f, (size_t)slot.line + 1, set);
    if (amlz__flow_ops[x->op].replaces) {
        flow_remove(set, e->places.first[amlz__flow_ops[x->op].out] + x->out);
    }
    flow_add(set, e->places.first[edit_type_at(x, other)] + *edit_address_at(x, other));
    return amlz__edit_writable(e, edit_type_at(x, slot.operand), set, 0, found);
}

int amlz__edit_insert_on_edge(edit *e)
{
    edit_slot slots[EDIT_MAX_SLOTS];
    uint8_t ops[AMLZ_MAX_OPS], outputs[AMLZ_ADDRESSES];
    const uint32_t all = amlz__edit_slots(e, slots);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all; i++) {
        const int type = edit_type_at(edit_line_of(e, slots[i]), slots[i].operand);
        if (edit_has_room(e, slots[i].f) && amlz__edit_ops(e, slots[i].f, type, ops) > 0 &&
            unseen_outputs(e, slots[i], outputs) > 0) {
            slots[n++] = slots[i];
        }
    }
    if (n == 0) {
        return 0;
    }
    const edit_slot slot = slots[rng_below(e->rng, n)];
    uint8_t *address = edit_address_at(edit_line_of(e, slot), slot.operand);
    const int type = edit_type_at(edit_line_of(e, slot), slot.operand);
    const uint8_t op = edit_pick(e, ops, amlz__edit_ops(e, slot.f, type, ops));
    const uint8_t out = edit_pick(e, outputs, unseen_outputs(e, slot, outputs));
    amlz_instruction x = amlz__edit_draw_line(e, slot.f, op, out);
    const int link = amlz__edit_draw_operand(e, type, &x);
    if (link >= 0 && rng_chance(e->rng, 0.5)) {
        *edit_address_at(&x, link) = *address;
    }
    *address = out;
    amlz__edit_insert(e->program, slot.f, slot.line, &x);
    return 1;
}

/* ---------------------------------------------------------------- lines drawn */

typedef struct line_place {
    uint8_t f, line;
} line_place;
enum { MAX_LINES = AMLZ_FUNCTION_COUNT * AMLZ_CAPACITY };

/* A line drawn uniformly from those of open functions that pass; 0 if there is none. */
static int draw_line_place(const edit *e, int (*passes)(const edit *, line_place), line_place *drawn)
{
    line_place found[MAX_LINES];
    uint32_t n = 0;
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (size_t i = 0; edit_is_open(e, f) && i < e->program->size[f]; i++) {
            const line_place place = {(uint8_t)f, (uint8_t)i};
            if (passes(e, place)) {
                found[n++] = place;
            }
        }
    }
    if (n > 0) {
        *drawn = found[rng_below(e->rng, n)];
    }
    return n > 0;
}

static amlz_instruction *line_at(const edit *e, line_place place) { return &e->program->code[place.f][place.line]; }

/* ---------------------------------------------------------------- change the op */

static uint32_t other_ops(const edit *e, line_place place, uint8_t found[AMLZ_MAX_OPS])
{
    const uint8_t op = line_at(e, place)->op;
    const uint32_t all = amlz__edit_ops(e, place.f, amlz__ops_table[op]->out, found);
    uint32_t n = 0;
    for (uint32_t i = 0; i < all; i++) {
        if (found[i] != op) {
            found[n++] = found[i];
        }
    }
    return n;
}

static int has_other_op(const edit *e, line_place place)
{
    uint8_t found[AMLZ_MAX_OPS];
    return other_ops(e, place, found) > 0;
}

/* Operands stay in their place where the types agree, or change it where only that way they do. */
static void keep_operands(amlz_instruction *from, amlz_instruction *to)
{
    int stays[2];
    for (int k = 0; k < 2; k++) {
        stays[k] = edit_type_at(from, k) == edit_type_at(to, k);
    }
    for (int k = 0; k < 2; k++) {
        if (stays[k]) {
            *edit_address_at(to, k) = *edit_address_at(from, k);
        } else if (!stays[1 - k] && edit_type_at(from, 1 - k) == edit_type_at(to, k)) {
            *edit_address_at(to, k) = *edit_address_at(from, 1 - k);
        }
    }
}

int amlz__edit_change_op(edit *e)
{
    uint8_t ops[AMLZ_MAX_OPS];
    line_place place;
    if (!draw_line_place(e, has_other_op, &place)) {
        return 0;
    }
    amlz_instruction *x = line_at(e, place);
    const uint8_t op = edit_pick(e, ops, other_ops(e, place, ops));
    amlz_instruction changed = amlz__edit_draw_line(e, place.f, op, x->out);
    keep_operands(x, &changed);
    *x = changed;
    return 1;
}

/* ---------------------------------------------------------------- bypass */

static int any_line(const edit *e, line_place place)
{
    (void)e, (void)place;
    return 1;
}

static int is_at(const edit *e, int type, uint8_t address, unsigned bit) { return e->places.first[type] + address == bit; }

/* The last line before `end` that writes `from` writes `to` instead; 0 if there is none, or somebody else would miss what is
 * in one of the two. */
static int redirect_writer(const edit *e, int f, size_t end, int type, uint8_t from, uint8_t to)
{
    const unsigned from_bit = e->places.first[type] + from, to_bit = e->places.first[type] + to;
    uint64_t set[FLOW_WORDS];
    amlz__edit_wanted(e, f, end, set);
    for (size_t i = end; i-- > 0 && !flow_has(set, from_bit);) {
        amlz_instruction *x = &e->program->code[f][i];
        const flow_op *op = &amlz__flow_ops[x->op];
        if (is_at(e, op->out, x->out, from_bit)) {
            x->out = op->replaces ? to : from;
            return op->replaces;
        }
        if (is_at(e, op->out, x->out, to_bit) || is_at(e, op->in1, x->in1, to_bit) || is_at(e, op->in2, x->in2, to_bit) ||
            is_at(e, op->in1, x->in1, from_bit) || is_at(e, op->in2, x->in2, from_bit)) {
            return 0;
        }
    }
    return 0;
}

/* Who reads `from` from a line on reads `to`, up to where one of the two is written. */
static void redirect_readers(const edit *e, int f, size_t start, int type, uint8_t from, uint8_t to)
{
    for (size_t i = start; i < e->program->size[f]; i++) {
        amlz_instruction *x = &e->program->code[f][i];
        for (int k = 0; k < 2; k++) {
            if (edit_type_at(x, k) == type && *edit_address_at(x, k) == from) {
                *edit_address_at(x, k) = to;
            }
        }
        if (amlz__ops_table[x->op]->out == type && (x->out == from || x->out == to)) {
            return;
        }
    }
}

int amlz__edit_bypass(edit *e)
{
    line_place place;
    if (!draw_line_place(e, any_line, &place)) {
        return 0;
    }
    amlz_instruction x = *line_at(e, place);
    const int type = amlz__ops_table[x.op]->out;
    const int operand = amlz__edit_draw_operand(e, type, &x);
    amlz__edit_remove(e->program, place.f, place.line);
    if (operand >= 0) { /* else who reads the output finds there what was there before */
        const uint8_t source = *edit_address_at(&x, operand);
        if (source != x.out && !redirect_writer(e, place.f, place.line, type, source, x.out)) {
            redirect_readers(e, place.f, place.line, type, x.out, source);
        }
    }
    return 1;
}

/* ---------------------------------------------------------------- move */

static int has_company(const edit *e, line_place place) { return e->program->size[place.f] > 1; }

int amlz__edit_move(edit *e)
{
    line_place place;
    if (!draw_line_place(e, has_company, &place)) {
        return 0;
    }
    const amlz_instruction x = *line_at(e, place);
    const size_t to = rng_below(e->rng, (uint32_t)e->program->size[place.f] - 1);
    amlz__edit_remove(e->program, place.f, place.line);
    amlz__edit_insert(e->program, place.f, to < place.line ? to : to + 1, &x);
    return 1;
}
