/* Rows without the house in them: devices and clients become keyed hashes, the same for the same key, so that two exports can be
 * laid side by side and nobody without the key can tell whose they are. Names of domains and of rules stay as they are: whoever hands
 * such a file over looks whether they name somebody. */
#ifndef PF_REPORT_PSEUDONYM_H
#define PF_REPORT_PSEUDONYM_H

#include "journal/store.h"
#include "report/digest.h"

struct pseudonym {
	uint8_t key[DIGEST_BYTES];
};

/* Reads the key from a file of 64 hex digits, which is made (mode 0600, random) when there is none. PF_OK; else PF_EIO or
 * PF_EINVAL with a sentence. Who deletes the file makes it impossible to find out who was who. */
PF_MUST_CHECK int pseudonym_load(const char *path, struct pseudonym *pseudonym, char error[500]);

#define PSEUDONYM_DEVICE_MAX 24 /* "device-0123456789abcdef" and NUL */

void pseudonym_device(const struct pseudonym *pseudonym, const char *id,
                      char text[PSEUDONYM_DEVICE_MAX]);

/* A store that answers as `inner` does, with pseudonyms: of devices by their id; clients become addresses of fd00::/8, which nobody
 * routes. It has queries and endpoints only, borrows `inner`, and is the caller's (free). NULL without memory. */
struct store *pseudonym_store(struct store *inner, const struct pseudonym *pseudonym);

#endif
