/* Private to match/: one regular expression, read into the positions of its automaton (Glushkov's): a position stands for one
 * byte of the text, an edge leads to what may follow. Nothing is tried twice, so that no expression can hold up a worker.
 *
 * What is read here is what lists are made of: bytes, classes, groups, alternatives, repetitions, ^ and $. All else (\b, (?=…),
 * classes that are written oddly) is left to vectorscan: better to take less than to read it otherwise than it would.
 *
 * A text stands between two bytes of its own: ^ is a position for the first, $ one for the last. So (^|\.)ads\.$ needs no rule of
 * its own, and what an expression needs to be in the text ("needles") can speak of begin and end too. */
#ifndef PF_MATCH_EXPRESSION_H
#define PF_MATCH_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_BEGIN 1
#define TEXT_END 2

#define EXPRESSION_POSITIONS_MAX 255
/* A step goes over the edges of the positions that are in force: that bounds what a byte can cost. */
#define EXPRESSION_EDGES_MAX 512
#define EXPRESSION_NEEDLES_MAX 8
#define EXPRESSION_NEEDLE_BYTES_MAX 48

struct position_set {
	uint64_t words[4];
};

struct byte_set {
	uint64_t words[4];
};

static inline bool byte_set_has(const struct byte_set *set, uint8_t byte)
{
	return set->words[byte / 64] >> byte % 64 & 1;
}

/* Texts of which each that matches holds one at least; count 0: nothing is known. */
struct needles {
	unsigned count;
	struct needle {
		uint8_t length;
		char bytes[EXPRESSION_NEEDLE_BYTES_MAX + 8]; /* those behind are read, and do not count */
	} list[EXPRESSION_NEEDLES_MAX];
};

struct expression {
	bool matches_all; /* the empty text is enough */
	unsigned count, edge_count;
	struct byte_set bytes[EXPRESSION_POSITIONS_MAX];
	struct position_set follow[EXPRESSION_POSITIONS_MAX];
	struct position_set first, last;
	struct needles needles;
};

/* False when it is not among what is read here, or too large; it may be right all the same. */
bool expression_read(struct expression *expression, const char *text);

#endif
