/* Who made a device, by the names that it asks for: a proposal with its evidence, or an abstention with its
 * reason. Nothing is ever tagged by it.
 *
 * A table (evidence.tsv, made by contrib/recognise/make-evidence) says how much a name at or below a suffix speaks for a
 * vendor: a likelihood ratio on a natural logarithmic scale, made of the number of publishers that say so
 * (Laplace's rule). Naive Bayes: the weights of the different suffixes that a device asks for are added, each suffix
 * once, however many names below it were asked. What speaks against all vendors is added likewise:
 *
 *     none     = RECOGNISE_NONE + RECOGNISE_UNKNOWN × registered domains that the table does not know
 *     margin   = the best vendor's sum − the greater of none and the second vendor's sum
 *     score    = 1 / (1 + e^−margin), at most RECOGNISE_SCORE_MAX
 *
 * A score of RECOGNISE_SCORE_MIN is proposed, less is not. Domains that things of many vendors ask for (the table knows
 * them, vendor `-`) and names of the local network count neither way. A device that holds several vendors' applications
 * (a phone, a laptop, a router that forwards for all) has rivals, or many unknown domains, and gets no proposal. */
#ifndef PF_RECOGNISE_RECOGNISE_H
#define PF_RECOGNISE_RECOGNISE_H

#include <stddef.h>

#include "base/error.h"

/* The log-odds that it is somebody's whom the table does not know, before anything is asked; more than one unnamed
 * or disputed source outweighs, less than one publisher's plain word does (4.3 with 73 vendors). */
#define RECOGNISE_NONE 1.5
/* What one registered domain that the table does not know adds to that: things ask for few, phones and computers for
 * hundreds. */
#define RECOGNISE_UNKNOWN 0.2
#define RECOGNISE_SCORE_MIN 0.9
/* Domains of one vendor are not asked independently of each other, as the sum supposes: no score says more than this. */
#define RECOGNISE_SCORE_MAX 0.999
#define RECOGNISE_EVIDENCE_MAX 32 /* suffixes that a proposal shows; a person reads no more */

/* The table; immutable, may be shared by threads. */
struct recognise;

/* PF_OK and `*out`, the caller's; else PF_EIO, PF_EINVAL (a line that is none), PF_EFULL (more than any table
 * of ours) or PF_ENOMEM with a sentence that names the file, the line and what to do. */
PF_MUST_CHECK int recognise_load(const char *path, struct recognise **out, char error[500]);
void recognise_free(struct recognise **table);
size_t recognise_suffix_count(const struct recognise *table);
size_t recognise_vendor_count(const struct recognise *table);

/* A suffix that was asked. Strings live as long as the table, but `name` as the case. */
struct recognise_evidence {
	const char *suffix, *vendor, *sources;
	const char *kind;   /* of thing: "camera"; NULL: it does not say */
	const char *name;   /* the first name that was asked below it */
	size_t names_count; /* how many different ones were added */
	double weight;
};

struct recognise_proposal {
	const char *vendor;        /* NULL: abstains */
	const char *kind;          /* NULL: abstains, or the vendor makes several kinds */
	double score;              /* 0 to 1, of the best vendor, also when it is not enough */
	const char *best, *second; /* vendors; NULL: nothing speaks for any */
	double best_sum, second_sum, none_sum;
	size_t names_count,
		unknown_count; /* names that were added; domains that the table does not know */
	/* For the best vendor, then against it (other vendors' suffixes), the heaviest first. */
	size_t for_count, against_count;
	struct recognise_evidence speaks_for[RECOGNISE_EVIDENCE_MAX], against[RECOGNISE_EVIDENCE_MAX];
	char reason[200]; /* one sentence: why this proposal, or why none */
};

/* One device's names. The table must outlive it. */
struct recognise_case;
/* NULL: no memory. */
struct recognise_case *recognise_case_new(const struct recognise *table);
void recognise_case_free(struct recognise_case **c);
/* Begins with the next device. */
void recognise_case_clear(struct recognise_case *c);
/* `name` in lower case, without the last dot, as the journal keeps it; each once. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int recognise_case_add(struct recognise_case *c, const char *name);
/* May be called at any time; what it points to is valid until the case changes. */
void recognise_case_decide(const struct recognise_case *c, struct recognise_proposal *out);

#endif
