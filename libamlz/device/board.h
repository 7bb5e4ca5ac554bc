/* What the programs here ask of a board. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* What a program is: it gives its digest, which is the same on every machine, or 0 where something failed. */
uint64_t run(void);

#endif
