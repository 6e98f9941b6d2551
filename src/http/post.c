/* A POST of post.h: resolve, connect, send, read the answer away. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/guard.h"
#include "http/post.h"
#include "http/transfer.h"

#define CONNECT_TIMEOUT_MS 10000L

struct http_post {
	struct transfer transfer; /* first */
	struct http *http;
	struct guard_url url;
	char *ca_file, *body;
	size_t body_length, answer_bytes;
	long timeout_ms;
	struct curl_slist *headers, *hosts;
	struct lookup *lookup;
	CURL *easy;
	http_posted done;
	void *data;
	char curl_error[CURL_ERROR_SIZE];
};

static void post_free(struct http_post *post)
{
	if (post->lookup)
		resolve_abandon(post->lookup);
	transfer_end(post->http, &post->easy);
	curl_slist_free_all(post->headers);
	curl_slist_free_all(post->hosts);
	free(post->ca_file);
	free(post->body);
	free(post);
}

static void finish(struct http_post *post, const char *error, unsigned status)
{
	char text[CURL_ERROR_SIZE + GUARD_HOST_MAX + 32];
	struct http_result result = {.status = status};
	http_posted done = post->done;
	void *data = post->data;
	if (error) {
		snprintf(text, sizeof text, "%s: %s.", post->url.host, error);
		result.error = text;
	}
	post_free(post);
	done(data, &result);
}

static void on_done(struct transfer *transfer, CURLcode code)
{
	struct http_post *post = (struct http_post *)transfer;
	long status = 0;
	char words[CURL_ERROR_SIZE];
	snprintf(words, sizeof words, "%s",
	         post->curl_error[0] ? post->curl_error : curl_easy_strerror(code));
	if (code == CURLE_OK)
		curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	finish(post, code == CURLE_OK ? NULL : words, (unsigned)status);
}

/* Of headers and body alike: nothing is kept, and what does not end is cut off. */
static size_t read_away(char *bytes, size_t size, size_t count, void *data)
{
	struct http_post *post = data;
	(void)bytes;
	post->answer_bytes += size * count;
	return post->answer_bytes > HTTP_ANSWER_BYTES_MAX ? 0 : size * count;
}

static void set_request(struct http_post *post, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_URL, post->url.text);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, post->hosts);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "portafilter/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_length);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, post->url.tls ? "https" : "http");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* of no environment variable */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, post->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_away);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_away);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->curl_error);
	if (post->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, post->ca_file);
}

static void on_resolved(void *data, const struct resolution *resolution)
{
	struct http_post *post = data;
	char hosts[RESOLVE_TEXT_MAX];
	post->lookup = NULL;
	if (!resolution->count) {
		finish(post, resolution->error, 0);
		return;
	}
	resolve_text(post->url.host, post->url.port, resolution, hosts);
	post->hosts = curl_slist_append(NULL, hosts);
	post->easy = curl_easy_init();
	if (post->hosts && post->easy) {
		set_request(post, post->easy);
		if (transfer_start(post->http, post->easy, &post->transfer) == PF_OK)
			return;
	}
	finish(post, "there is no memory", 0);
}

static bool copy_request(struct http_post *post, const struct http_request *request)
{
	post->timeout_ms = (long)request->timeout_ms;
	post->body_length = request->body_length;
	post->body = malloc(request->body_length ? request->body_length : 1);
	post->ca_file = request->ca_file ? strdup(request->ca_file) : NULL;
	if (!post->body || (request->ca_file && !post->ca_file))
		return false;
	memcpy(post->body, request->body, request->body_length);
	for (size_t i = 0; i < request->header_count; i++) {
		struct curl_slist *longer = curl_slist_append(post->headers, request->headers[i]);
		if (!longer)
			return false;
		post->headers = longer;
	}
	return guard_parse(request->url, &post->url) == PF_OK;
}

struct http_post *http_post_start(struct http *http, const struct http_request *request,
                                  http_posted done, void *data)
{
	struct http_post *post = calloc(1, sizeof *post);
	if (!post)
		return NULL;
	post->transfer.done = on_done;
	post->http = http;
	post->done = done;
	post->data = data;
	if (copy_request(post, request))
		post->lookup = resolve_start(&http->resolver, post->url.host, on_resolved, post);
	if (post->lookup)
		return post;
	post_free(post);
	return NULL;
}

void http_post_abort(struct http_post **post)
{
	if (*post)
		post_free(*post);
	*post = NULL;
}
