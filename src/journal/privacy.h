/* Devices without their names: what is written of them bears a keyed hash (SipHash, 128 bits of key) in the place of id, name and
 * client, before it enters a ring. The same device is the same hash for as long as the key lives; who destroys the key's file makes
 * it impossible to find out who was who. */
#ifndef PF_JOURNAL_PRIVACY_H
#define PF_JOURNAL_PRIVACY_H

#include "base/error.h"
#include "journal/record.h"
#include "value/change.h"

struct privacy_key {
	uint64_t words[2];
};

/* Reads the key from a file of 32 hex digits, which is made (mode 0600, random) when there is none. When that can not be done
 * `*key` is random all the same, for as long as this process lives, and PF_EIO or PF_EINVAL comes with a sentence. */
PF_MUST_CHECK int privacy_key_load(const char *path, struct privacy_key *key, char *error,
                                   size_t error_size);

/* SipHash-2-4 under this key. */
uint64_t privacy_hash(const struct privacy_key *key, const void *data, size_t length);

/* What stands in the place of a device. */
struct privacy_mask {
	char id[DEVICE_ID_MAX];     /* "pseudonym:0123456789abcdef" */
	char name[DEVICE_NAME_MAX]; /* "device-0123456789abcdef" */
};

/* Of one id: always the same. */
void privacy_mask(const struct privacy_key *key, const char *device_id, struct privacy_mask *mask);

/* Hides device and client of the record, which then points into `mask`; the client becomes an address of fd00::/8, which nobody
 * routes. */
void privacy_hide(const struct privacy_key *key, struct record *record, struct privacy_mask *mask);

/* The same of both devices of a change, and nothing of why. */
void privacy_hide_change(const struct privacy_key *key, struct device_change *change);

#endif
