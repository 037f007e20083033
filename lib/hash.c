/* Seeded hashing of numbers and names. */
#include "lib/hash.h"

#include <string.h>

static uint64_t hash_key = 0x9e3779b97f4a7c15ull;

void hash_seed(uint64_t seed)
{
	hash_key = seed | 1;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	return x;
}

uint32_t hash_u64(uint64_t key)
{
	return (uint32_t)mix(key + hash_key);
}

uint32_t hash_bytes(const void *p, size_t size, uint64_t salt)
{
	const unsigned char *s = p;
	uint64_t h = mix(hash_key ^ salt) + size;
	uint64_t word;

	while (size >= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h ^ word);
		s += sizeof(word);
		size -= sizeof(word);
	}
	word = 0;
	memcpy(&word, s, size);
	return (uint32_t)mix(h ^ word);
}
