/* Private to config/: what did the writer mean? The nearest of the known words. */
#ifndef PF_CONFIG_SUGGEST_H
#define PF_CONFIG_SUGGEST_H

#include <stddef.h>

#define SUGGEST_BYTES_MAX 64 /* longer words are not compared: the table is 64 × 64 */

/* Letters to insert, remove, replace or swap with their neighbour to come from `a` to `b`, without regard to
 * ASCII case, '-' and '_' being the same. SUGGEST_BYTES_MAX when one is too long. */
size_t suggest_distance(const char *a, const char *b);

/* The index of the nearest of `words` that is near enough to be meant, or -1: a third of its letters may be
 * wrong, one at least, or `word` is its beginning. */
int suggest_nearest(const char *word, const char *const *words, size_t count);

#endif
