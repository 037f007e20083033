/* Drives a fuzz entry without a fuzzer: random bytes, for a limited time. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INPUT_MAX 4096

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint8_t take(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->data++;
}

uint32_t input_below(struct input *input, uint32_t limit)
{
	uint32_t value = take(input);

	if (limit > 256)
		value |= (uint32_t)take(input) << 8 | (uint32_t)take(input)
							      << 16;
	return value % limit;
}

uint64_t input_u64(struct input *input)
{
	static const uint64_t odd[] = {0, 1, 2, 255, 256, 4095, 4096, 65535,
		65536, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX,
		UINT64_C(1) << 63};
	uint64_t value = 0;
	uint8_t kind = take(input);

	if (kind < 128)
		return kind % 8;
	if (kind < 192)
		return odd[kind % (sizeof(odd) / sizeof(odd[0]))];
	for (int i = 0; i < 8; i++)
		value = value << 8 | take(input);
	return value;
}

uint32_t input_u32(struct input *input)
{
	return (uint32_t)input_u64(input);
}

static int run_file(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file) {
		perror(path);
		return 1;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *limit = getenv("SANDBOX_FUZZ_SECONDS");
	const char *seed = getenv("SANDBOX_FUZZ_SEED");
	double end = now() + (limit ? atof(limit) : 1);
	uint8_t data[INPUT_MAX];
	unsigned long runs = 0;
	size_t size;

	for (int i = 1; i < argc; i++) {
		if (run_file(argv[i]))
			return 1;
	}
	if (argc > 1)
		return 0;
	state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	state = state * 2 + 1;
	printf("seed %llu\n", (unsigned long long)(state - 1) / 2);
	fflush(stdout);
	while (now() < end) {
		size = next_random() % INPUT_MAX;
		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t)(next_random() >> 24);
		LLVMFuzzerTestOneInput(data, size);
		runs++;
	}
	printf("%lu runs\n", runs);
	return 0;
}
