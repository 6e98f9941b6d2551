/* The rules of guard.h. */
#include "http/guard.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/special.h"

bool guard_address(const struct addr *address, bool allow_private)
{
	struct addr inner = special_unwrap(address);
	return allow_private || !special_is(&inner);
}

/* One part of a URL into a buffer. False: it is not there (an empty text) or does not fit. */
static bool take_part(CURLU *handle, CURLUPart part, unsigned flags, char *out, size_t size)
{
	char *text = NULL;
	*out = '\0';
	if (curl_url_get(handle, part, &text, flags))
		return false;
	bool fits = strlen(text) < size;
	if (fits)
		strcpy(out, text);
	curl_free(text);
	return fits;
}

static int take_apart(CURLU *handle, const char *text, struct guard_url *url)
{
	char scheme[16], port[8];
	/* Not CURLU_GUESS_SCHEME: what does not say http is not asked by http. */
	if (curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER))
		return PF_EINVAL;
	curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0);
	if (!take_part(handle, CURLUPART_SCHEME, 0, scheme, sizeof scheme) ||
	    !take_part(handle, CURLUPART_HOST, 0, url->host, sizeof url->host) ||
	    !take_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof port) ||
	    !take_part(handle, CURLUPART_URL, 0, url->text, sizeof url->text))
		return PF_EINVAL;
	char *zone = NULL;
	if (!curl_url_get(handle, CURLUPART_ZONEID, &zone, 0) || strchr(url->host, '%')) {
		curl_free(zone);
		return PF_EINVAL; /* link-local, by the name of an interface */
	}
	url->tls = !strcmp(scheme, "https");
	if (!url->tls && strcmp(scheme, "http"))
		return PF_EINVAL;
	url->port = (uint16_t)strtoul(port, NULL, 10);
	size_t length = strlen(url->host);
	if (length > 2 && url->host[0] == '[') {
		memmove(url->host, url->host + 1, length - 2);
		url->host[length - 2] = '\0';
	}
	return PF_OK;
}

int guard_parse(const char *text, struct guard_url *url)
{
	CURLU *handle = curl_url();
	if (!handle)
		return PF_EINVAL;
	int error = take_apart(handle, text, url);
	curl_url_cleanup(handle);
	return error;
}

int guard_redirect(const struct guard_url *from, const struct guard_url *to, const char **why)
{
	*why = "from https to http, where anybody on the way could change the list";
	return from->tls && !to->tls ? PF_EINVAL : PF_OK;
}
