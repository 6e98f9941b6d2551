/* The keyed hashes of a name's tails, the shortest first: what a look-up begins with. Kept by who has the lines of several names
 * fetched before the first of them is looked up, so that no tail is hashed twice. */
#ifndef PF_LISTS_TAILS_H
#define PF_LISTS_TAILS_H

#include <stdint.h>

#define LIST_TAILS_MAX 8 /* of a name that has more nothing is kept */

struct list_tails {
	uint8_t count; /* 0: nothing is kept */
	uint64_t hashes[LIST_TAILS_MAX];
};

#endif
