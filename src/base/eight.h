/* A cache line of eight words of 64 bits, looked at as a whole and without a branch: tables whose slots have something to compare in
 * their low halves (lists/sealed.h, device/key_index.h). */
#ifndef PF_BASE_EIGHT_H
#define PF_BASE_EIGHT_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define EIGHT 8

/* Which of the words, aligned to 16 bytes, have these low 32 bits? A bit for each; `tops` gets the highest bit of each. */
#ifdef __SSE2__
static inline unsigned eight_equal(const uint64_t *words, uint32_t low, unsigned *tops)
{
	const __m128i wanted = _mm_set1_epi32((int)low);
	unsigned equal = 0, bits = 0;
#pragma GCC unroll 2
	for (unsigned i = 0; i < EIGHT; i += 4) {
		__m128 a = _mm_load_ps((const float *)(words + i));
		__m128 b = _mm_load_ps((const float *)(words + i + 2));
		__m128i lows = _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
		__m128 highs = _mm_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1));
		equal |= (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(lows, wanted))) << i;
		bits |= (unsigned)_mm_movemask_ps(highs) << i;
	}
	*tops = bits;
	return equal;
}
#else
static inline unsigned eight_equal(const uint64_t *words, uint32_t low, unsigned *tops)
{
	unsigned equal = 0, bits = 0;
	for (unsigned i = 0; i < EIGHT; i++) {
		equal |= (unsigned)((uint32_t)words[i] == low) << i;
		bits |= (unsigned)(words[i] >> 63) << i;
	}
	*tops = bits;
	return equal;
}
#endif

#endif
