/* A Cortex-M, bare: from reset to run(), and what it gave, by ARM's semihosting, to whoever runs it. */
#include <stddef.h>
#include <string.h>

#include "board.h"

extern uint32_t board_data[], board_data_end[], board_data_load[], board_bss[], board_bss_end[], board_stack[];

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18 };
#define EXITED_WELL 0x20026u
#define RAN_INTO_AN_ERROR 0x20023u

static void ask_host(uint32_t call, uintptr_t argument)
{
    register uint32_t r0 __asm__("r0") = call;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void leave(uint32_t reason)
{
    for (;;) {
        ask_host(SYS_EXIT, reason);
    }
}

static void on_fault(void) { leave(RAN_INTO_AN_ERROR); }

/* ---------------------------------------------------------------- how much stack was used */

#define UNUSED UINT32_C(0x5afe5afe)

static void paint_stack(void)
{
    volatile uint32_t *here = (volatile uint32_t *)__builtin_frame_address(0) - 16;
    for (volatile uint32_t *at = board_bss_end; at < here; at++) {
        *at = UNUSED;
    }
}

static uint32_t stack_used(void)
{
    const volatile uint32_t *at = board_bss_end;
    while (*at == UNUSED) {
        at++;
    }
    return (uint32_t)((uintptr_t)board_stack - (uintptr_t)at);
}

/* ---------------------------------------------------------------- reset */

static void write_hexadecimal(uint64_t number, int digits, char end)
{
    char text[18];
    for (int i = digits; i-- > 0; number >>= 4) {
        text[i] = "0123456789abcdef"[number & 15];
    }
    text[digits] = end;
    text[digits + 1] = '\0';
    ask_host(SYS_WRITE0, (uintptr_t)text);
}

void board_reset(void)
{
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: the floating-point unit may be used */
    __asm__ volatile("dsb\n\tisb");
#endif
    memcpy(board_data, board_data_load, (size_t)((char *)board_data_end - (char *)board_data));
    memset(board_bss, 0, (size_t)((char *)board_bss_end - (char *)board_bss));
    paint_stack();
    const uint64_t digest = run();
    write_hexadecimal(stack_used(), 8, ' ');
    write_hexadecimal(digest, 16, '\n');
    leave(digest != 0 ? EXITED_WELL : RAN_INTO_AN_ERROR);
}

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)board_stack, (uintptr_t)board_reset, (uintptr_t)on_fault, (uintptr_t)on_fault,
    (uintptr_t)on_fault,    (uintptr_t)on_fault,    (uintptr_t)on_fault};
