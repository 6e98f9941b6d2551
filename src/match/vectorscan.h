/* Private to match/: expressions that need vectorscan, in databases of many. The only file that knows the library; without it there
 * are none. */
#ifndef PF_MATCH_VECTORSCAN_H
#define PF_MATCH_VECTORSCAN_H

#include "match/regex.h"

/* An expression, and what it is known as. */
struct bases_text {
	const char *text;
	uint32_t place;
};

struct bases;

/* Compiles what is not found in `keep`. All that are wrong are told. PF_OK (NULL when there are none); PF_EINVAL; PF_ENOMEM. */
PF_MUST_CHECK int bases_new(const struct bases_text *texts, size_t count,
                            const struct regex_teller *teller, const struct regex_keep *keep,
                            struct bases **out);
void bases_free(struct bases **bases);
size_t bases_bytes(const struct bases *bases);
bool bases_readable(const char *text);

/* What was compiled: `count` databases, of which `compiled` were not found in `keep`. */
size_t bases_count(const struct bases *bases);
size_t bases_compiled(const struct bases *bases);
/* Database `i` as bytes, owned by the caller. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int bases_serialise(const struct bases *bases, size_t i, struct regex_piece *piece);

/* The library's scratch. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int bases_scratch_prepare(void **scratch, const struct bases *bases);
PF_MUST_CHECK int bases_scratch_copy(void *scratch, void **copy);
void bases_scratch_free(void *scratch);

void bases_scan(const struct bases *bases, void *scratch, const char *text, size_t length,
                void (*take)(void *data, size_t place), void *data);

#endif
