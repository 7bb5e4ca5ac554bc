#include "kernels/fuse.h"

#include <string.h>

/* A form stands for: out = base (op) t by `second`, where `first` wrote t. */
static const struct {
    uint8_t second, first;
} forms[] = {
    {0, 0},
#define FORM(name, second, first) {OP_##second, OP_##first},
    KERNEL_FORMS(FORM)
#undef FORM
};

static int reads(const plan_instruction *x, int type, unsigned address)
{
    const amlz_op_info *info = amlz__ops_table[x->op];
    return (info->in1 == type && x->in1 == address) || (info->in2 == type && x->in2 == address) ||
           (info->is_partial && info->out == type && x->out == address);
}

static int writes(const plan_instruction *x, int type, unsigned address)
{
    return amlz__ops_table[x->op]->out == type && x->out == address;
}

/* 1 if anything but code[second] of the function could ever see what is at the address. */
static int is_read_elsewhere(const plan *p, const amlz_dims *dims, int function, int second, int type, unsigned address)
{
    if (type == program_prediction_type(dims) && address == program_prediction_address(dims)) {
        return 1;
    }
    for (int f = 0; f < AMLZ_FUNCTION_COUNT; f++) {
        for (int i = 0; i < p->size[f]; i++) {
            if ((f != function || i != second) && reads(&p->code[f][i], type, address)) {
                return 1;
            }
        }
    }
    return 0;
}

/* The place of the instruction that `second` can take in as its operand t, or -1. That is the last one to write t, if
 * it can wait until then: nobody in between writes what it reads, or reads t; and nobody sees t later, be it that second
 * itself writes there. */
static int find_first(const plan *p, const amlz_dims *dims, int function, int second, int op, unsigned t)
{
    const plan_instruction *code = p->code[function];
    const int type = amlz__ops_table[op]->out;
    int first = second - 1;
    while (first >= 0 && !writes(&code[first], type, t)) {
        first--;
    }
    if (first < 0 || code[first].op != op) {
        return -1;
    }
    const amlz_op_info *info = amlz__ops_table[op];
    for (int i = first + 1; i < second; i++) {
        if (reads(&code[i], type, t) || writes(&code[i], info->in1, code[first].in1) ||
            writes(&code[i], info->in2, code[first].in2)) {
            return -1;
        }
    }
    if (!writes(&code[second], type, t) && is_read_elsewhere(p, dims, function, second, type, t)) {
        return -1;
    }
    return first;
}

/* Tries a form on an instruction: in a sum t may stand on either side, in a difference on the right. */
static void try_form(const plan *p, const amlz_dims *dims, int function, int second, int form,
                     fuse_choice choice[AMLZ_CAPACITY])
{
    const plan_instruction *x = &p->code[function][second];
    if (x->op != forms[form].second || x->in1 == x->in2) {
        return;
    }
    int first = find_first(p, dims, function, second, forms[form].first, x->in2);
    if (first < 0 && amlz__ops_table[x->op]->is_commutative) {
        first = find_first(p, dims, function, second, forms[form].first, x->in1);
    }
    if (first >= 0 && !choice[first].is_taken) {
        choice[second].form = (uint8_t)form;
        choice[second].first = (uint8_t)first;
        choice[first].is_taken = 1;
    }
}

void amlz__fuse_choose(const plan *p, const amlz_dims *dims, int function, fuse_choice choice[AMLZ_CAPACITY])
{
    memset(choice, 0, AMLZ_CAPACITY * sizeof *choice);
    if (p->is_observed) {
        return;
    }
    for (int i = 1; i < p->size[function]; i++) {
        for (int form = 1; form < KERNEL_FORM_COUNT && choice[i].form == KERNEL_FORM_NONE; form++) {
            try_form(p, dims, function, i, form, choice);
        }
    }
}
