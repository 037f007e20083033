/*
 * What every fuzz entry shares. An entry defines LLVMFuzzerTestOneInput(), so
 * that libFuzzer and AFL can drive it; linked with main.c it drives itself
 * with random input for SANDBOX_FUZZ_SECONDS (default 1), or runs the files
 * named as arguments.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input being used up: beyond its end there are only zeros. */
struct input {
	const uint8_t *data;
	size_t left;
};

/* A number below limit (> 0). */
uint32_t input_below(struct input *input, uint32_t limit);
/* Any 32 or 64 bits, often a small or an extreme number. */
uint32_t input_u32(struct input *input);
uint64_t input_u64(struct input *input);

#endif
