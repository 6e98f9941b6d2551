/* Private to access/: how often a password may be tried. A bucket for each address (IPv6: for each /64), and one for all: whoever
 * has many addresses shares that one. Sessions and tokens are not touched by it. */
#ifndef PF_ACCESS_ATTEMPTS_H
#define PF_ACCESS_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

#define ATTEMPTS_OF_ADDRESS 5 /* at once, then one for each: */
#define ATTEMPT_OF_ADDRESS_US INT64_C(30000000)
#define ATTEMPTS_OF_ALL 30
#define ATTEMPT_OF_ALL_US INT64_C(2000000)
#define ATTEMPTS_ADDRESSES_MAX 256 /* remembered; the one that was seen least lately makes room */

struct attempts_bucket {
	struct addr addr; /* family 0: of all, or free */
	int64_t spent_us; /* how much of its time is used up */
	int64_t seen_us;
};

struct attempts {
	struct attempts_bucket all, addresses[ATTEMPTS_ADDRESSES_MAX];
};

/* Takes one attempt. 0, or how many seconds to wait (nothing is taken then). */
int attempts_take(struct attempts *attempts, const struct addr *from, int64_t now_us);
/* It was no attack: gives it back. */
void attempts_give_back(struct attempts *attempts, const struct addr *from, int64_t now_us);

#endif
