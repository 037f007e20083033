/*
 * Intrusive hash tables with chains: a fixed number of buckets, a power of
 * two, chosen by the owner. Keys that a guest chooses are mixed with a seed
 * drawn at start, so that nobody can aim at one bucket.
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

/* Must be called once before the first hash_*() of guest-chosen keys. */
void hash_seed(uint64_t seed);
uint32_t hash_u64(uint64_t key);
uint32_t hash_bytes(const void *p, size_t size, uint64_t salt);

#endif
