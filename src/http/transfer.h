/* For those who speak to libcurl themselves: a handle on the loop of an http. */
#ifndef PF_HTTP_TRANSFER_H
#define PF_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <uv.h>

#include "http/http.h"
#include "http/resolve.h"

struct http {
	uv_loop_t *loop;
	struct resolver resolver;
	CURLM *multi;
	uv_timer_t timer; /* curl's own */
};

/* Stands first in what its user keeps of a request. */
struct transfer {
	void (*done)(struct transfer *transfer,
	             CURLcode code); /* from the loop; the handle may be removed in it */
};

/* Begins. PF_ENOMEM. */
PF_MUST_CHECK int transfer_start(struct http *http, CURL *easy, struct transfer *transfer);
/* Ends the handle, whether it runs or is done. NULL is allowed. */
void transfer_end(struct http *http, CURL **easy);

#endif
