/* libcurl's multi interface on the loop: curl says which sockets it waits for and when it wants to be woken, and hears what has
 * happened. */
#include <stdlib.h>

#include "fetch/source.h"

/* One of curl's sockets. Its memory lives until the handle's close callback. */
struct watched {
	uv_poll_t poll;
	struct fetch *fetch;
	curl_socket_t fd;
};

static void take_results(struct fetch *fetch)
{
	int left;
	CURLMsg *message;
	while ((message = curl_multi_info_read(fetch->multi, &left))) {
		struct download *download = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&download);
		download_done(download, code);
	}
}

static void act(struct fetch *fetch, curl_socket_t fd, int events)
{
	int running;
	curl_multi_socket_action(fetch->multi, fd, events, &running);
	take_results(fetch);
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
	act(watched->fetch, watched->fd, flags);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *data)
{
	(void)multi;
	struct fetch *fetch = data;
	if (timeout_ms < 0)
		uv_timer_stop(&fetch->multi_timer);
	else /* never from within this call: curl forbids it */
		uv_timer_start(&fetch->multi_timer, on_timeout, (uint64_t)timeout_ms, 0);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	(void)easy;
	struct fetch *fetch = data;
	struct watched *watched = known;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			uv_close((uv_handle_t *)&watched->poll, on_closed); /* curl closes the socket next */
		curl_multi_assign(fetch->multi, fd, NULL);
		return 0;
	}
	if (!watched) {
		watched = calloc(1, sizeof *watched);
		if (!watched || uv_poll_init(fetch->loop, &watched->poll, fd)) {
			free(watched);
			return -1;
		}
		watched->poll.data = watched;
		watched->fetch = fetch;
		watched->fd = fd;
		curl_multi_assign(fetch->multi, fd, watched);
	}
	int events =
		(what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
	return uv_poll_start(&watched->poll, events, on_ready) ? -1 : 0;
}

int multi_init(struct fetch *fetch)
{
	fetch->multi = curl_multi_init();
	if (!fetch->multi)
		return PF_ENOMEM;
	uv_timer_init(fetch->loop, &fetch->multi_timer);
	fetch->multi_timer.data = fetch;
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
	return PF_OK;
}

void multi_close(struct fetch *fetch)
{
	curl_multi_cleanup(fetch->multi);
	fetch->multi = NULL;
	uv_close((uv_handle_t *)&fetch->multi_timer, NULL);
}
