/* What a stranger says in Host and Origin (two lines), and the same bytes as a JSON body. No host with a letter that is none of ours may
 * pass, an own origin ends with its host, and every parameter of a body is a text. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/body.h"
#include "admin/gate.h"

#define BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_host(char *host)
{
	static const char *const names[] = {"pf.home.arpa"};
	char *origin = strchr(host, '\n');
	if (origin)
		*origin++ = '\0';
	bool known = gate_knows_host(host, names, 1);
	bool numeric = strspn(host, "0123456789abcdefABCDEF.:[]") == strlen(host);
	if (known && !numeric && strncasecmp(host, "localhost", 9) &&
	    strncasecmp(host, names[0], strlen(names[0])))
		abort();
	if (origin && gate_is_own_origin(origin, "http", host) &&
	    strlen(origin) != strlen("http://") + strlen(host))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body body = {0};
	struct params params = {0};
	char error[500] = "", text[BYTES_MAX + 1];
	if (size > BYTES_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_host(text);
	body_append(&body, (const char *)data, size);
	int result = body_params(&body, &params, error);
	for (size_t i = 0; i < params.count; i++)
		if (!params.list[i].name || strlen(params.list[i].value) > 6 * BYTES_MAX)
			abort();
	if ((result == PF_OK) != !*error)
		abort();
	body_deinit(&body);
	return 0;
}
