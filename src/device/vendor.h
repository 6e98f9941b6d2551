/* Who made it: the IEEE's assignments of 24, 28 and 36 bits (MA-L, MA-M, MA-S) from the CSV files of Debian's
 * package ieee-data. Optional: without the files nobody has a vendor. */
#ifndef PF_DEVICE_VENDOR_H
#define PF_DEVICE_VENDOR_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/diag.h"

#define VENDOR_FILE_BYTES_MAX (64u << 20) /* oui.csv has 3 MB */
#define VENDOR_NAME_MAX 96                /* bytes, NUL included; longer ones are cut */

struct vendors; /* immutable */

/* Reads oui.csv, mam.csv and oui36.csv of the folder, as many as there are; lines that are none are skipped. PF_OK and the
 * caller's `*out` (empty when there is no file; a file that can not be read is a warning), PF_ENOMEM. */
PF_MUST_CHECK int vendors_load(const char *folder, struct diag *diag, struct vendors **out);
/* Would reading them again bring the same? */
bool vendors_are_current(const struct vendors *vendors, const char *folder);
void vendors_free(struct vendors **vendors);

/* The vendor of the longest assignment; "" when there is none, or the MAC is one that its owner made up (the locally
 * administered bit). Valid as long as `vendors`, which may be NULL. */
const char *vendor_of(const struct vendors *vendors, const struct mac *mac);
size_t vendors_count(const struct vendors *vendors);

/* Made up by its owner, perhaps for this network only (IEEE 802c: the locally administered bit). */
static inline bool mac_is_local(const struct mac *mac)
{
	return mac->bytes[0] & 2;
}

#endif
