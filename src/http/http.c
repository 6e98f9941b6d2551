/* libcurl's multi interface on the loop: curl says which sockets it waits for and when it wants to be woken, and hears what has
 * happened. */
#include <stdlib.h>

#include "http/transfer.h"

/* One of curl's sockets. Its memory lives until the handle's close callback. */
struct watched {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t fd;
};

static void take_results(struct http *http)
{
	int left;
	CURLMsg *message;
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct transfer *transfer = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		transfer->done(transfer, code);
	}
}

static void act(struct http *http, curl_socket_t fd, int events)
{
	int running;
	curl_multi_socket_action(http->multi, fd, events, &running);
	take_results(http);
}

static void on_timeout(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched *watched = poll->data;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;
	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	act(watched->http, watched->fd, flags);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *data)
{
	(void)multi;
	struct http *http = data;
	if (timeout_ms < 0)
		uv_timer_stop(&http->timer);
	else /* never from within this call: curl forbids it */
		uv_timer_start(&http->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	(void)easy;
	struct http *http = data;
	struct watched *watched = known;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			uv_close((uv_handle_t *)&watched->poll, on_closed); /* curl closes the socket next */
		curl_multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (!watched) {
		watched = calloc(1, sizeof *watched);
		if (!watched || uv_poll_init(http->loop, &watched->poll, fd)) {
			free(watched);
			return -1;
		}
		watched->poll.data = watched;
		watched->http = http;
		watched->fd = fd;
		curl_multi_assign(http->multi, fd, watched);
	}
	int events =
		(what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
	return uv_poll_start(&watched->poll, events, on_ready) ? -1 : 0;
}

int transfer_start(struct http *http, CURL *easy, struct transfer *transfer)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	return curl_multi_add_handle(http->multi, easy) == CURLM_OK ? PF_OK : PF_ENOMEM;
}

void transfer_end(struct http *http, CURL **easy)
{
	if (!*easy)
		return;
	curl_multi_remove_handle(http->multi, *easy);
	curl_easy_cleanup(*easy);
	*easy = NULL;
}

/* ---- life -------------------------------------------------------------------------------- */

struct http *http_new(struct uv_loop_s *loop)
{
	struct http *http = calloc(1, sizeof *http);
	if (!http || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(http);
		return NULL;
	}
	http->loop = http->resolver.loop = loop;
	http->resolver.forwarder = upstream_new(loop);
	http->multi = curl_multi_init();
	if (!http->resolver.forwarder || !http->multi) {
		curl_multi_cleanup(http->multi);
		upstream_free(&http->resolver.forwarder);
		free(http);
		return NULL;
	}
	uv_timer_init(loop, &http->timer);
	http->timer.data = http;
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return http;
}

void http_configure(struct http *http, const struct config *config, const struct local *local)
{
	struct upstream_group groups[UPSTREAM_GROUP_MAX];
	size_t count = local_upstream_groups(local, config, groups);
	http->resolver.forwarder->configure(http->resolver.forwarder, groups, count);
	http->resolver.local = local;
}

void http_stop(struct http *http)
{
	curl_multi_cleanup(http->multi);
	http->multi = NULL;
	uv_close((uv_handle_t *)&http->timer, NULL);
	upstream_close(http->resolver.forwarder);
}

bool http_idle(const struct http *http)
{
	return upstream_idle(http->resolver.forwarder);
}

void http_free(struct http **http)
{
	if (!*http)
		return;
	upstream_free(&(*http)->resolver.forwarder);
	free(*http);
	*http = NULL;
}
