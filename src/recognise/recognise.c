/* The decision of recognise.h: what a device asked, summed up for each vendor. */
#include "recognise/recognise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "dns/registered.h"
#include "recognise/table.h"

/* Registered domains that are remembered as unknown. At RECOGNISE_UNKNOWN each, no evidence that any device has
 * outweighs so many. */
#define UNKNOWN_MAX 1024
/* Suffixes of one device that are kept; the largest table of a real thing has under a hundred. */
#define SEEN_MAX 512
/* How far a kind must be ahead of the vendor's other kinds: one source's plain word and a bit. */
#define KIND_MARGIN 1.0
#define KINDS_MAX 16 /* different kinds of one vendor; ours have four at most */

struct seen {
	const struct table_row *row;
	char *name;
	size_t names_count;
};

struct recognise_case {
	const struct recognise *table;
	struct hash_key key;
	size_t names_count, seen_count, unknown_count;
	struct seen seen[SEEN_MAX];
	uint64_t unknown[UNKNOWN_MAX];
	double *sums; /* one for each vendor */
};

struct recognise_case *recognise_case_new(const struct recognise *table)
{
	struct recognise_case *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->table = table;
	c->key = hash_key_random();
	c->sums = calloc(TABLE_VENDORS_MAX, sizeof *c->sums);
	if (!c->sums)
		recognise_case_free(&c);
	return c;
}

void recognise_case_free(struct recognise_case **c)
{
	if (!*c)
		return;
	recognise_case_clear(*c);
	free((*c)->sums);
	free(*c);
	*c = NULL;
}

void recognise_case_clear(struct recognise_case *c)
{
	for (size_t i = 0; i < c->seen_count; i++)
		free(c->seen[i].name);
	c->names_count = c->seen_count = c->unknown_count = 0;
	if (c->sums)
		memset(c->sums, 0, TABLE_VENDORS_MAX * sizeof *c->sums);
}

/* ---- names ------------------------------------------------------------------------------- */

/* Names of the local network, and those that stand for nobody (RFC 6761, RFC 6762, RFC 8375). */
static bool is_local(const char *name)
{
	static const char *const tops[] = {"arpa", "local",    "localdomain", "localhost", "lan",
	                                   "home", "internal", "invalid",     "test",      "onion"};
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < PF_COUNT(tops); i++)
		if (!strcmp(dot + 1, tops[i]))
			return true;
	return !dot;
}

static void add_unknown(struct recognise_case *c, const char *text)
{
	struct dns_name name, domain;
	if (is_local(text) || dns_name_from_text(text, &name) != PF_OK ||
	    dns_registered_domain(&name, &domain) != PF_OK || c->unknown_count == UNKNOWN_MAX)
		return;
	uint64_t hash = hash_bytes(c->key, domain.wire, domain.length);
	for (size_t i = 0; i < c->unknown_count; i++)
		if (c->unknown[i] == hash)
			return;
	c->unknown[c->unknown_count++] = hash;
}

static int add_row(struct recognise_case *c, const struct table_row *row, const char *name)
{
	for (size_t i = 0; i < c->seen_count; i++) {
		if (c->seen[i].row == row) {
			c->seen[i].names_count++;
			return PF_OK;
		}
	}
	if (c->seen_count == SEEN_MAX)
		return PF_OK;
	char *copy = strdup(name);
	if (!copy)
		return PF_ENOMEM;
	c->seen[c->seen_count++] = (struct seen){row, copy, 1};
	c->sums[row->vendor] += row->weight;
	return PF_OK;
}

int recognise_case_add(struct recognise_case *c, const char *name)
{
	size_t count = 0;
	int result = PF_OK;
	const struct table_row *rows = recognise_find(c->table, name, &count);
	c->names_count++;
	if (!rows)
		add_unknown(c, name);
	for (size_t i = 0; i < count && result == PF_OK; i++)
		if (rows[i].vendor != TABLE_SHARED)
			result = add_row(c, &rows[i], name);
	return result;
}

/* ---- deciding ---------------------------------------------------------------------------- */

/* Two vendors with the greatest sums; equal ones in the order of the table. */
static void rank(const struct recognise_case *c, size_t *best, size_t *second)
{
	*best = *second = c->table->vendor_count;
	for (size_t i = 0; i < c->table->vendor_count; i++) {
		if (c->sums[i] <= 0)
			continue;
		if (*best == c->table->vendor_count || c->sums[i] > c->sums[*best]) {
			*second = *best;
			*best = i;
		} else if (*second == c->table->vendor_count || c->sums[i] > c->sums[*second]) {
			*second = i;
		}
	}
}

static int compare_evidence(const void *a, const void *b)
{
	const struct recognise_evidence *left = a, *right = b;
	if (left->weight != right->weight)
		return left->weight < right->weight ? 1 : -1;
	return strcmp(left->suffix, right->suffix);
}

/* Keeps the heaviest: a lighter one than all makes no room. */
static void keep(struct recognise_evidence *list, size_t *count,
                 const struct recognise_evidence *one)
{
	if (*count == RECOGNISE_EVIDENCE_MAX) {
		if (compare_evidence(one, &list[*count - 1]) >= 0)
			return;
		(*count)--;
	}
	list[(*count)++] = *one;
	qsort(list, *count, sizeof *list, compare_evidence);
}

static void gather(const struct recognise_case *c, size_t best, struct recognise_proposal *out)
{
	for (size_t i = 0; i < c->seen_count; i++) {
		const struct seen *seen = &c->seen[i];
		const struct recognise_evidence one = {
			.suffix = seen->row->suffix,
			.vendor = c->table->vendors[seen->row->vendor],
			.sources = seen->row->sources,
			.kind = seen->row->kind,
			.name = seen->name,
			.names_count = seen->names_count,
			.weight = seen->row->weight,
		};
		if (seen->row->vendor == best)
			keep(out->speaks_for, &out->for_count, &one);
		else
			keep(out->against, &out->against_count, &one);
	}
}

/* The kind that most of the vendor's evidence names, when it is far enough ahead of its other kinds. */
static const char *kind_of(const struct recognise_case *c, size_t vendor)
{
	const char *kinds[KINDS_MAX];
	double sums[KINDS_MAX], first = 0, second = 0;
	size_t count = 0, best = 0;
	for (size_t i = 0; i < c->seen_count; i++) {
		const struct table_row *row = c->seen[i].row;
		size_t k = 0;
		if (row->vendor != vendor || !row->kind)
			continue;
		while (k < count && strcmp(kinds[k], row->kind))
			k++;
		if (k == KINDS_MAX)
			return NULL;
		if (k == count) {
			kinds[count] = row->kind;
			sums[count++] = 0;
		}
		sums[k] += row->weight;
	}
	for (size_t k = 0; k < count; k++) {
		if (sums[k] > first) {
			second = first;
			first = sums[k];
			best = k;
		} else if (sums[k] > second) {
			second = sums[k];
		}
	}
	return count && first - second >= KIND_MARGIN ? kinds[best] : NULL;
}

static void explain(struct recognise_proposal *out)
{
	if (!out->best)
		snprintf(out->reason, sizeof out->reason,
		         "The table knows nobody to whom one of its names (%zu) points.", out->names_count);
	else if (out->vendor)
		snprintf(out->reason, sizeof out->reason, "%zu %s for %s (%.1f); next comes %s (%.1f).",
		         out->for_count, out->for_count == 1 ? "domain speaks" : "domains speak", out->best,
		         out->best_sum,
		         out->second_sum > out->none_sum ? out->second : "nobody whom the table knows",
		         out->second_sum > out->none_sum ? out->second_sum : out->none_sum);
	else if (out->second_sum > out->none_sum)
		snprintf(out->reason, sizeof out->reason, "It may be %s (%.1f) or %s (%.1f).", out->best,
		         out->best_sum, out->second, out->second_sum);
	else
		snprintf(out->reason, sizeof out->reason,
		         "It may be %s (%.1f), but %zu domains that the table does not know speak against "
		         "it (%.1f).",
		         out->best, out->best_sum, out->unknown_count, out->none_sum);
}

void recognise_case_decide(const struct recognise_case *c, struct recognise_proposal *out)
{
	size_t best, second, none = c->table->vendor_count;
	*out = (struct recognise_proposal){.names_count = c->names_count,
	                                   .unknown_count = c->unknown_count};
	rank(c, &best, &second);
	out->none_sum = RECOGNISE_NONE + RECOGNISE_UNKNOWN * (double)c->unknown_count;
	out->second = second == none ? NULL : c->table->vendors[second];
	out->second_sum = second == none ? 0 : c->sums[second];
	gather(c, best, out);
	if (best != none) {
		out->best = c->table->vendors[best];
		out->best_sum = c->sums[best];
		double rival = fmax(out->second_sum, out->none_sum);
		out->score = fmin(1 / (1 + exp(rival - out->best_sum)), RECOGNISE_SCORE_MAX);
		if (out->score >= RECOGNISE_SCORE_MIN) {
			out->vendor = out->best;
			out->kind = kind_of(c, best);
		}
	}
	explain(out);
}
