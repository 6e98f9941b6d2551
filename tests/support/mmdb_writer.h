/* Writes small location databases for tests, in the format of MaxMind DB 2.0
 * (https://maxmind.github.io/MaxMind-DB/), so that tests need no real data and know what is in it. */
#ifndef PF_TESTS_SUPPORT_MMDB_WRITER_H
#define PF_TESTS_SUPPORT_MMDB_WRITER_H

#include <stdint.h>

enum mmdb_shape {
	MMDB_FLAT,       /* {"country_code": "CN"}, as ip-location-db */
	MMDB_NESTED,     /* {"country": {"iso_code": "CN"}}, as MaxMind */
	MMDB_REGISTERED, /* {"registered_country": {"iso_code": "CN"}} */
	MMDB_IPINFO,     /* {"country": "CN"} */
	MMDB_NO_COUNTRY, /* {"asn": "CN"}: no location database at all */
};

/* "203.0.113.0/24 CN" and so on; IPv4 goes where the IPv6 tree has it, ::/96. Ends the test when
 * it can not write. */
void mmdb_write(const char *path, const char *type, uint64_t build_epoch_s, enum mmdb_shape shape,
                const char *const *lines, unsigned count);

#endif
