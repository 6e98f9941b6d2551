/* The keyed hashes of a name's tails, the shortest first: what a look-up begins with. Kept by who has the lines of several names
 * fetched before the first of them is looked up, so that no tail is hashed twice. */
#ifndef PF_LISTS_TAILS_H
#define PF_LISTS_TAILS_H

#include <stdbool.h>
#include <stdint.h>

#define LIST_TAILS_MAX 8 /* of a name that has more nothing is kept */

struct list_tails {
	uint8_t count; /* 0: nothing is kept */
	uint64_t hashes[LIST_TAILS_MAX];
};

/* The entry that holds a name, where it is the only one of all lists that covers it, and plain: the name's tail of so many labels. */
struct list_sole {
	uint8_t labels : 7; /* 0: there are others, or nobody knows */
	bool below : 1;     /* it covers what is below it alone */
};

#endif
