/* A lease file: the first byte says of which server. What is taken keeps what its header promises: names that may stand
 * anywhere, each address once, and no more than fits. */
#include <stdlib.h>
#include <string.h>

#include "device/lease.h"

#define NOW_US 1795465583000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct lease *lease, const struct lease *before)
{
	if ((lease->addr.family != 4 && lease->addr.family != 6) || lease->over)
		abort();
	if (before && addr_equal(&before->addr, &lease->addr))
		abort();
	if (lease->has_mac && lease->mac.bytes[0] & 1)
		abort();
	if (lease->client_length > LEASE_CLIENT_MAX || !memchr(lease->host, '\0', LEASE_HOST_MAX))
		abort();
	if (strspn(lease->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
	    strlen(lease->host))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lease_list list;
	if (!size)
		return 0;
	if (lease_parse((enum lease_format)(data[0] & 3), (const char *)data + 1, size - 1, NOW_US,
	                &list) != PF_OK)
		return 0;
	for (size_t i = 0; i < list.count; i++)
		check(&list.leases[i], i ? &list.leases[i - 1] : NULL);
	if (list.count > LEASE_COUNT_MAX)
		abort();
	lease_list_deinit(&list);
	return 0;
}
