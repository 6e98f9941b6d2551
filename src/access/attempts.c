/* Token buckets by address, as time that is used up. */
#include "access/attempts.h"

#include <string.h>

static struct addr network_of(const struct addr *from)
{
	struct addr network = *from;
	addr_unmap(&network);
	if (network.family == 6)
		memset(network.bytes + 8, 0, 8);
	return network;
}

static struct attempts_bucket *bucket_of(struct attempts *attempts, const struct addr *from)
{
	struct addr network = network_of(from);
	struct attempts_bucket *oldest = &attempts->addresses[0];
	for (size_t i = 0; i < ATTEMPTS_ADDRESSES_MAX; i++) {
		struct attempts_bucket *bucket = &attempts->addresses[i];
		if (bucket->addr.family && addr_equal(&bucket->addr, &network))
			return bucket;
		if (bucket->seen_us < oldest->seen_us)
			oldest = bucket;
	}
	*oldest = (struct attempts_bucket){.addr = network};
	return oldest;
}

static void let_pass(struct attempts_bucket *bucket, int64_t now_us)
{
	int64_t passed_us = now_us - bucket->seen_us;
	bucket->spent_us = bucket->seen_us && passed_us < bucket->spent_us
	                       ? bucket->spent_us - (passed_us > 0 ? passed_us : 0)
	                       : 0;
	bucket->seen_us = now_us;
}

/* Microseconds until another attempt fits. */
static int64_t missing_us(const struct attempts_bucket *bucket, int64_t each_us, int count)
{
	int64_t over_us = bucket->spent_us + each_us - each_us * count;
	return over_us > 0 ? over_us : 0;
}

int attempts_take(struct attempts *attempts, const struct addr *from, int64_t now_us)
{
	struct attempts_bucket *bucket = bucket_of(attempts, from);
	let_pass(bucket, now_us);
	let_pass(&attempts->all, now_us);
	int64_t own_us = missing_us(bucket, ATTEMPT_OF_ADDRESS_US, ATTEMPTS_OF_ADDRESS);
	int64_t all_us = missing_us(&attempts->all, ATTEMPT_OF_ALL_US, ATTEMPTS_OF_ALL);
	int64_t wait_us = own_us > all_us ? own_us : all_us;
	if (wait_us)
		return (int)((wait_us + 999999) / 1000000);
	bucket->spent_us += ATTEMPT_OF_ADDRESS_US;
	attempts->all.spent_us += ATTEMPT_OF_ALL_US;
	return 0;
}

static void give(struct attempts_bucket *bucket, int64_t each_us)
{
	bucket->spent_us = bucket->spent_us > each_us ? bucket->spent_us - each_us : 0;
}

void attempts_give_back(struct attempts *attempts, const struct addr *from, int64_t now_us)
{
	struct attempts_bucket *bucket = bucket_of(attempts, from);
	let_pass(bucket, now_us);
	give(bucket, ATTEMPT_OF_ADDRESS_US);
	give(&attempts->all, ATTEMPT_OF_ALL_US);
}
