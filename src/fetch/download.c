/* One round of a list with a URL: a conditional GET, bounded in bytes (as announced, as received and as unpacked), in time, in
 * speed and in redirects. Redirects are followed here and not by curl: each target is judged and resolved like the first. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fetch/source.h"
#include "http/guard.h"
#include "http/transfer.h"

#define REDIRECTS_MAX 5
#define HEADER_BYTES_MAX (64 << 10) /* of one response (CVE-2023-38039: endless headers) */
#define CONNECT_TIMEOUT_MS 20000L
#define SLOW_BYTES_A_SECOND 64L /* under this … */
#define SLOW_SECONDS 30L        /* … for so long, the server has stalled */
#define PIECE_BYTES 65536

struct download {
	struct transfer transfer; /* first */
	struct source *source;
	CURL *easy;
	struct lookup *lookup;
	struct curl_slist *hosts, *headers;
	struct guard_url url;
	unsigned redirects;
	size_t header_bytes;
	char etag[COPY_ETAG_MAX], last_modified[COPY_DATE_MAX];
	struct replacement writer;
	bool refused_address; /* guard_address said no to all that was tried */
	bool too_large, header_flood;
	int write_error; /* errno */
	char curl_error[CURL_ERROR_SIZE];
};

static void start_hop(struct download *download);

/* ---- ending ------------------------------------------------------------------------------ */

static void drop_hop(struct download *download)
{
	transfer_end(download->source->fetch->http, &download->easy);
	curl_slist_free_all(download->hosts);
	curl_slist_free_all(download->headers);
	download->hosts = download->headers = NULL;
	replace_abort(&download->writer);
}

static void download_free(struct download *download)
{
	if (download->lookup)
		resolve_abandon(download->lookup);
	drop_hop(download);
	free(download);
}

void download_abort(struct source *source)
{
	if (source->download)
		download_free(source->download);
	source->download = NULL;
}

static void finish(struct download *download, enum round round, const char *error)
{
	struct source *source = download->source;
	download_abort(source);
	source_finish(source, round, error);
}

static void fail(struct download *download, const char *format, ...) PF_PRINTF(2, 3);

static void fail(struct download *download, const char *format, ...)
{
	char error[FETCH_ERROR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error, sizeof error, format, arguments);
	va_end(arguments);
	finish(download, ROUND_FAILED, error);
}

/* ---- curl's calls ------------------------------------------------------------------------ */

/* The address that is really connected to, whatever was resolved before. */
static curl_socket_t on_open(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct download *download = data;
	struct addr_port peer;
	if (purpose != CURLSOCKTYPE_IPCXN || addr_from_sockaddr(&address->addr, &peer) != PF_OK)
		return CURL_SOCKET_BAD;
	if (!guard_address(&peer.addr, download->source->list.allow_private)) {
		download->refused_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	              address->protocol);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
	struct download *download = data;
	int error = replace_write(&download->writer, bytes, size * count);
	source_progress(download->source, download->writer.bytes);
	if (error == PF_OK)
		return size * count;
	download->too_large = error == PF_EFULL;
	download->write_error = errno;
	return 0;
}

/* "Name: value\r\n" as text, if it is that header and fits. */
static void take_header(const char *line, size_t length, const char *name, char *out, size_t size)
{
	size_t name_length = strlen(name);
	if (length <= name_length || strncasecmp(line, name, name_length))
		return;
	line += name_length;
	length -= name_length;
	while (length && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	while (length && (unsigned char)line[length - 1] <= ' ')
		length--;
	*out = '\0';
	if (length >= size)
		return;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] > '~')
			return; /* it is sent back, and stands in a file */
	memcpy(out, line, length);
	out[length] = '\0';
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
	struct download *download = data;
	size_t length = size * count;
	download->header_bytes += length;
	if (download->header_bytes > HEADER_BYTES_MAX) {
		download->header_flood = true;
		return 0;
	}
	take_header(line, length, "etag:", download->etag, sizeof download->etag);
	take_header(line, length, "last-modified:", download->last_modified,
	            sizeof download->last_modified);
	return length;
}

/* ---- one hop ----------------------------------------------------------------------------- */

static void add_header(struct download *download, const char *name, const char *value)
{
	char text[COPY_ETAG_MAX + 32];
	if (!*value)
		return;
	snprintf(text, sizeof text, "%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(download->headers, text);
	if (longer)
		download->headers = longer;
}

static long rest_ms(const struct download *download)
{
	int64_t spent_us = clock_now().mono_us - download->source->started_mono_us;
	int64_t rest_us = download->source->list.timeout_us - spent_us;
	return rest_us > 1000 ? (long)(rest_us / 1000) : 1;
}

static void set_bounds(struct download *download, CURL *easy)
{
	const struct config_list *list = &download->source->list;
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, rest_ms(download));
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_A_SECOND);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)list->bytes_max);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, download->url.tls ? "https" : "http");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (list->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, list->ca_file);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* an address that we do not see can not be judged */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A connection that another list was allowed to make is not this one's. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void set_calls(struct download *download, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, download->curl_error);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, download);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, download);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, download);
}

static bool request(struct download *download, const char *host_line)
{
	const struct copy_state *state = &download->source->state;
	CURL *easy = download->easy = curl_easy_init();
	download->hosts = curl_slist_append(NULL, host_line);
	if (!easy || !download->hosts)
		return false;
	/* ETags are of a URL; the source's is the one that was configured, wherever it led last time. */
	add_header(download, "If-None-Match", state->etag);
	add_header(download, "If-Modified-Since", state->last_modified);
	curl_easy_setopt(easy, CURLOPT_URL, download->url.text);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, download->hosts);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, download->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "portafilter/" PACKAGE_VERSION);
	set_bounds(download, easy);
	set_calls(download, easy);
	return transfer_start(download->source->fetch->http, easy, &download->transfer) == PF_OK;
}

static void fail_address(struct download *download)
{
	fail(download,
	     "%s stands at a private or special-use address, where lists are fetched from only with "
	     "`allow-private: true`",
	     download->url.host);
}

static void on_resolved(void *data, const struct resolution *resolution)
{
	struct download *download = data;
	bool allow_private = download->source->list.allow_private;
	struct resolution allowed = {0};
	char hosts[RESOLVE_TEXT_MAX];
	download->lookup = NULL;
	for (size_t i = 0; i < resolution->count; i++)
		if (guard_address(&resolution->addresses[i], allow_private))
			allowed.addresses[allowed.count++] = resolution->addresses[i];
	if (!resolution->count) {
		fail(download, "the address of %s is not known: %s", download->url.host, resolution->error);
		return;
	}
	if (!allowed.count) {
		fail_address(download);
		return;
	}
	resolve_text(download->url.host, download->url.port, &allowed, hosts);
	const char *path = download->source->list.file;
	if (copy_make_folder(path) != PF_OK || replace_begin(&download->writer, path, REPLACE_MODE,
	                                                     download->source->list.bytes_max) != PF_OK)
		fail(download, "the copy %s can not be written: %s", path, strerror(errno));
	else if (!request(download, hosts))
		fail(download, "the request can not be made: out of memory");
}

static void start_hop(struct download *download)
{
	struct http *http = download->source->fetch->http;
	download->header_bytes = 0;
	download->refused_address = false;
	*download->etag = *download->last_modified = '\0';
	download->lookup = resolve_start(&http->resolver, download->url.host, on_resolved, download);
	if (!download->lookup)
		fail(download, "%s is no name that can be looked up", download->url.host);
}

/* ---- its end ----------------------------------------------------------------------------- */

static void redirect(struct download *download, long status)
{
	char *target = NULL;
	struct guard_url to;
	const char *why;
	curl_easy_getinfo(download->easy, CURLINFO_REDIRECT_URL, &target);
	if (!target) {
		fail(download, "the server answered %ld without a place to go to", status);
		return;
	}
	if (guard_parse(target, &to) != PF_OK) {
		fail(download, "redirected to something that is no plain http or https URL");
		return;
	}
	if (guard_redirect(&download->url, &to, &why) != PF_OK) {
		fail(download, "redirected %s", why);
		return;
	}
	if (++download->redirects > REDIRECTS_MAX) {
		fail(download, "redirected more than %d times", REDIRECTS_MAX);
		return;
	}
	drop_hop(download);
	download->url = to;
	start_hop(download);
}

static void fail_code(struct download *download, CURLcode code)
{
	const char *words = *download->curl_error ? download->curl_error : curl_easy_strerror(code);
	unsigned long long most = download->source->list.bytes_max;
	if (download->refused_address)
		fail_address(download);
	else if (download->too_large || code == CURLE_FILESIZE_EXCEEDED)
		fail(download, "it is larger than %llu bytes (max-size)", most);
	else if (download->header_flood)
		fail(download, "the server sends headers without an end");
	else if (code == CURLE_WRITE_ERROR && download->write_error)
		fail(download, "the copy can not be written: %s", strerror(download->write_error));
	else if (code == CURLE_PARTIAL_FILE)
		fail(download, "it came only in part: %s", words);
	else
		fail(download, "%s", words);
}

static void take_body(struct download *download)
{
	struct source *source = download->source;
	char error[FETCH_ERROR_MAX];
	enum round round = source_take(source, &download->writer, error);
	if (round != ROUND_FAILED) {
		memcpy(source->state.etag, download->etag, sizeof download->etag);
		memcpy(source->state.last_modified, download->last_modified,
		       sizeof download->last_modified);
	}
	finish(download, round, error);
}

static void on_done(struct transfer *transfer, CURLcode code)
{
	struct download *download = (struct download *)transfer;
	long status = 0;
	curl_off_t retry_after_s = 0;
	if (code != CURLE_OK) {
		fail_code(download, code);
		return;
	}
	curl_easy_getinfo(download->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(download->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	download->source->retry_after_us = (int64_t)retry_after_s * 1000000;
	if (status == 200)
		take_body(download);
	else if (status == 304 && download->headers)
		finish(download, ROUND_SAME, NULL);
	else if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
		redirect(download, status);
	else
		fail(download, "the server answered %ld", status);
}

/* ---- file:// ----------------------------------------------------------------------------- */

static int copy_file(struct download *download, int fd)
{
	char *piece = malloc(PIECE_BYTES);
	ssize_t got = 1;
	int error = piece ? PF_OK : PF_ENOMEM;
	while (error == PF_OK && got) {
		got = read(fd, piece, PIECE_BYTES);
		if (got < 0)
			error = PF_EIO;
		else
			error = replace_write(&download->writer, piece, (size_t)got);
	}
	free(piece);
	return error;
}

/* A file of the owner's, watched like a server: written in the configuration only, never reached by a redirect. */
static void read_file(struct download *download, const char *path)
{
	struct stat info;
	const char *copy = download->source->list.file;
	/* O_NONBLOCK: the name may be a FIFO, which would wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode)) {
		fail(download, "%s can not be read: %s", path,
		     fd < 0 ? strerror(errno) : "it is no regular file");
	} else if (copy_make_folder(copy) != PF_OK ||
	           replace_begin(&download->writer, copy, REPLACE_MODE,
	                         download->source->list.bytes_max) != PF_OK) {
		fail(download, "the copy %s can not be written: %s", copy, strerror(errno));
	} else {
		int error = copy_file(download, fd);
		if (error == PF_OK)
			take_body(download);
		else if (error == PF_EFULL)
			fail(download, "it is larger than %llu bytes (max-size)",
			     (unsigned long long)download->source->list.bytes_max);
		else
			fail(download, "%s can not be copied: %s", path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
}

void download_start(struct source *source)
{
	static const char file_scheme[] = "file://";
	struct download *download = calloc(1, sizeof *download);
	source->download = download;
	if (!download) {
		source_finish(source, ROUND_FAILED, "out of memory");
		return;
	}
	download->transfer.done = on_done;
	download->source = source;
	download->writer.fd = -1;
	if (!strncmp(source->list.url, file_scheme, sizeof file_scheme - 1))
		read_file(download, source->list.url + sizeof file_scheme - 1);
	else if (guard_parse(source->list.url, &download->url) != PF_OK)
		fail(download, "the URL can not be read");
	else
		start_hop(download);
}
