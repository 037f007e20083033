/* Shared by the two kinds of random sequences: see differ.c. */
#ifndef CONFORMANCE_DIFFER_H
#define CONFORMANCE_DIFFER_H

#include <stdint.h>

/* A number below this, of the sequence that belongs to the current step. */
uint32_t differ_chance(uint32_t below);
/* Starts that sequence. */
void differ_seed(uint64_t seed, int step);

/* One step on processes; prints its line. */
void tasks_start(void);
void tasks_step(int step);
void tasks_finish(void);

#endif
