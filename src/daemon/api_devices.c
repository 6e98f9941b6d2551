/* Devices as the API shows them, and tags that people give: with the book's lock, never in a worker's way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/devices_state.h"

#define TAG_LIST_MAX 1024 /* bytes of one request's tags */

/* ---- one device -------------------------------------------------------------------------- */

/* The tags that policy knows, then those that only people do. */
static json_t *tags_json(const struct snapshot *snapshot, const struct book_view *view)
{
	json_t *list = api_tags(snapshot, view->device->tags);
	for (size_t i = 0; i < view->tag_count; i++)
		if (tag_find(&snapshot->config->tags, view->tags[i].name) < 0)
			json_array_append_new(list, json_string(view->tags[i].name));
	return list;
}

static json_t *rule_words(const struct config_tag_rule *rule)
{
	char words[600] = "";
	const struct {
		const char *key, *value;
	} parts[] = {{"vendor", rule->vendor},
	             {"hostname", rule->hostname},
	             {"mac", rule->mac},
	             {"asks", rule->asks}};
	size_t used = 0;
	for (size_t i = 0; i < PF_COUNT(parts) && used < sizeof words; i++)
		if (parts[i].value)
			used += (size_t)snprintf(words + used, sizeof words - used, "%s%s %s", used ? ", " : "",
			                         parts[i].key, parts[i].value);
	if (rule->asks && rule->times && used < sizeof words)
		snprintf(words + used, sizeof words - used, " more than %u times an hour", rule->times);
	return json_string(words);
}

/* Why it has each tag: {"coffee": {"by": "configuration"}, "iot": {"by": "rule", "rule": "vendor Espressif*"}}. */
static json_t *origins_json(const struct devices *devices, const struct snapshot *snapshot,
                            size_t row, const struct book_view *view, json_t *tags)
{
	const struct config *config = snapshot->config;
	json_t *origins = json_object(), *tag;
	size_t i;
	json_array_foreach(tags, i, tag)
	{
		const char *name = json_string_value(tag);
		const char *by = book_tag_origin(devices->book, row, name);
		json_t *origin = json_pack("{s:s}", "by", by ? by : "");
		for (size_t t = 0; t < view->tag_count; t++)
			if (!strcmp(view->tags[t].name, name) && by && !strcmp(by, "person"))
				json_object_set_new(origin, "since", api_time(view->tags[t].set_wall_us));
		for (size_t r = 0; by && !strcmp(by, "rule") && r < config->tag_rule_count; r++)
			if (view->rules >> r & 1 && !strcmp(config->tags.names[config->tag_rules[r].tag], name))
				json_object_set_new(origin, "rule", rule_words(&config->tag_rules[r]));
		json_object_set_new(origins, name, origin);
	}
	return origins;
}

static json_t *addresses_json(const struct snapshot *snapshot, int config)
{
	size_t count;
	json_t *list = json_array();
	if (config < 0)
		return list;
	const struct prefix *prefixes = registry_prefixes(snapshot->registry, (size_t)config, &count);
	for (size_t p = 0; p < count; p++) {
		char text[PREFIX_TEXT_MAX];
		prefix_format(&prefixes[p], text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *row_json(const struct devices *devices, const struct snapshot *snapshot, size_t row,
                        const struct book_view *view)
{
	const struct device *device = view->device;
	char mac[MAC_TEXT_MAX];
	mac_format(&device->mac, mac);
	json_t *tags = tags_json(snapshot, view);
	json_t *json = json_pack("{s:s, s:s, s:b, s:O, s:o, s:o, s:o, s:s, s:s, s:b}", "id", device->id,
	                         "name", device->name, "known", device->known, "tags", tags,
	                         "tag_origins", origins_json(devices, snapshot, row, view, tags), "mac",
	                         device->has_mac ? json_string(mac) : json_null(), "addresses",
	                         addresses_json(snapshot, view->config), "vendor", view->vendor,
	                         "hostname", view->host, "mac_is_local", view->mac_is_local);
	json_object_set_new(json, "named_by",
	                    json_string(view->config >= 0 ? "configuration"
	                                : view->given     ? "person"
	                                                  : ""));
	json_decref(tags);
	if (view->first_wall_us)
		json_object_set_new(json, "first", api_time(view->first_wall_us));
	if (view->last_wall_us)
		json_object_set_new(json, "last", api_time(view->last_wall_us));
	return json;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* The rows' JSON by their number, for the addresses; borrowed. */
static void add_address(void *data, size_t row, const struct addr *addr)
{
	json_t **rows = data;
	char text[ADDR_TEXT_MAX];
	addr_format(addr, text);
	if (rows[row])
		json_array_append_new(json_object_get(rows[row], "addresses"), json_string(text));
}

json_t *devices_json(struct devices *devices)
{
	json_t *list = json_array();
	pthread_mutex_lock(&devices->lock);
	/* The one that the book speaks of: it stays while we have the lock. */
	const struct snapshot *snapshot = devices->daemon->shared.snapshot;
	size_t count = book_rows(devices->book);
	json_t **rows = calloc(count + 1, sizeof *rows);
	for (size_t i = 0; rows && i < count; i++) {
		struct book_view view;
		if (!book_view(devices->book, i, &view))
			continue;
		rows[i] = row_json(devices, snapshot, i, &view);
		json_array_append_new(list, rows[i]);
	}
	if (rows)
		book_each_address(devices->book, add_address, rows);
	pthread_mutex_unlock(&devices->lock);
	free(rows);
	return json_pack("{s:o}", "devices", list);
}

json_t *devices_status_json(struct devices *devices)
{
	struct book_stats stats;
	pthread_mutex_lock(&devices->lock);
	book_stats(devices->book, &stats);
	size_t configured = registry_count(devices->daemon->shared.snapshot->registry);
	size_t neighbours = devices->watch ? neighbour_watch_count(devices->watch) : 0;
	uint64_t refused = devices->watch ? neighbour_watch_refused(devices->watch) : 0;
	pthread_mutex_unlock(&devices->lock);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "configured",
	                 (json_int_t)configured, "unknown", (json_int_t)stats.unknown, "addresses",
	                 (json_int_t)stats.addresses, "neighbours", (json_int_t)neighbours, "evicted",
	                 (json_int_t)stats.evicted, "neighbours_refused", (json_int_t)refused,
	                 "sightings_dropped", (json_int_t)sightings_dropped(devices->sightings),
	                 "changes_lost",
	                 (json_int_t)(stats.changes_lost +
	                              __atomic_load_n(&devices->changes_refused, __ATOMIC_RELAXED)));
}

int devices_find(struct devices *devices, const char *text, struct device *device)
{
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(devices->daemon->shared.snapshot);
	int found = roster_find(rcu_dereference(snapshot->roster), snapshot->registry, text, device);
	rcu_read_unlock();
	return found < 0 ? found : PF_OK;
}

/* The search for one address of a device. */
struct address_search {
	const struct book *book;
	const char *id;
	struct addr *addr; /* family 0: none yet */
};

static void look_at_address(void *data, size_t row, const struct addr *addr)
{
	struct address_search *search = data;
	struct book_view view;
	if (search->addr->family != 4 && book_view(search->book, row, &view) &&
	    !strcmp(view.device->id, search->id))
		*search->addr = *addr;
}

/* Of the configuration's words for it: an address, not a network. */
static void look_at_prefixes(const struct devices *devices, const char *id, struct addr *addr)
{
	const struct registry *registry = rcu_dereference(devices->daemon->shared.snapshot)->registry;
	for (size_t row = 0; row < book_rows(devices->book); row++) {
		struct book_view view;
		size_t count;
		if (!book_view(devices->book, row, &view) || view.config < 0 ||
		    strcmp(view.device->id, id) != 0)
			continue;
		const struct prefix *prefixes = registry_prefixes(registry, (size_t)view.config, &count);
		for (size_t i = 0; i < count && !addr->family; i++)
			if (prefixes[i].length == addr_bits(&prefixes[i].addr))
				*addr = prefixes[i].addr;
	}
}

bool devices_address(struct devices *devices, const struct device *device, struct addr *addr)
{
	*addr = (struct addr){0};
	if (!strncmp(device->id, "ip:", 3) && addr_parse(device->id + 3, addr) == PF_OK)
		return true;
	struct address_search search = {devices->book, device->id, addr};
	pthread_mutex_lock(&devices->lock);
	rcu_read_lock();
	book_each_address(devices->book, look_at_address, &search);
	if (!addr->family)
		look_at_prefixes(devices, device->id, addr);
	rcu_read_unlock();
	pthread_mutex_unlock(&devices->lock);
	return addr->family != 0;
}

/* ---- tags -------------------------------------------------------------------------------- */

static int fail(int *http, int status, char error[500], const char *format, const char *device,
                const char *tag)
{
	*http = status;
	snprintf(error, 500, format, device, tag);
	return PF_EINVAL;
}

static int change_tag(struct devices *devices, size_t row, const char *tag, bool untag, int *http,
                      char error[500])
{
	struct book_view view;
	int result = untag ? book_untag(devices->book, row, tag)
	                   : book_tag(devices->book, row, tag, clock_now().wall_us);
	if (result == PF_OK)
		return PF_OK;
	(void)book_view(devices->book, row, &view);
	const char *name = view.device->name;
	if (result == PF_ENOENT)
		return fail(http, 404, error, "%.100s has no tag \"%.40s\".", name, tag);
	if (result == PF_EFULL)
		return fail(
			http, 409, error,
			"%.100s has 16 tags already, which is the most; the tag \"%.40s\" does not fit.", name,
			tag);
	if (result == PF_ENOMEM)
		return fail(http, 503, error, "There is no memory to give %.100s the tag \"%.40s\".", name,
		            tag);
	if (result == PF_EINVAL)
		return fail(http, 400, error,
		            "%.100s can not get the tag \"%.40s\": tags have 1 to 31 of a-z, 0-9, - and _, "
		            "begin with a letter or digit, and are none of all, unknown and new.",
		            name, tag);
	const char *origin = book_tag_origin(devices->book, row, tag);
	if (!strcmp(origin, "built-in"))
		return fail(
			http, 409, error,
			"The tag of %.100s that is called \"%.40s\" is built in; a device loses `unknown` "
			"when it gets another tag.",
			name, tag);
	return fail(http, 409, error,
	            strcmp(origin, "rule") ? "%.100s has the tag \"%.40s\" from `devices` of the "
	                                     "configuration; take it away there."
	                                   : "%.100s has the tag \"%.40s\" from `tag-rules` of the "
	                                     "configuration; change the rule there.",
	            name, tag);
}

/* The tags of one request, and those of them that changed something, so that it can be undone. */
struct tag_request {
	struct devices *devices;
	size_t row;
	bool untag;
	char list[TAG_LIST_MAX];
	size_t count;
	char *changed[BOOK_TAGS_MAX];
};

static void undo(struct tag_request *request)
{
	while (request->count) {
		const char *tag = request->changed[--request->count];
		if (request->untag)
			(void)!book_tag(request->devices->book, request->row, tag, clock_now().wall_us);
		else
			(void)!book_untag(request->devices->book, request->row, tag);
	}
}

static size_t tags_of(const struct tag_request *request)
{
	struct book_view view;
	return book_view(request->devices->book, request->row, &view) ? view.tag_count : 0;
}

/* All of them, or none. */
static int change_tags(struct tag_request *request, const char *tags, int *http, char error[500])
{
	char *rest = request->list;
	int result = PF_OK;
	if (snprintf(request->list, sizeof request->list, "%s", tags) >= TAG_LIST_MAX)
		return fail(http, 400, error, "%.100s can not get so many tags at once%s.", "The device",
		            "");
	for (char *tag = strsep(&rest, ","); tag && result == PF_OK; tag = strsep(&rest, ",")) {
		size_t before = tags_of(request);
		result = change_tag(request->devices, request->row, tag, request->untag, http, error);
		if (tags_of(request) != before)
			request->changed[request->count++] = tag; /* a device has no more than fit here */
	}
	if (result == PF_OK && devices_save(request->devices, error) != PF_OK) {
		*http = 503;
		result = PF_EIO;
	}
	if (result != PF_OK)
		undo(request);
	return result;
}

/* With the lock: the row of what people write; negative, with a sentence. */
static int find_row(struct devices *devices, const char *text, int *http, char error[500])
{
	int row = book_find(devices->book, text, clock_now());
	if (row == PF_ENOMEM)
		(void)fail(http, 503, error, "There is no memory to look for \"%.100s\"%s.", text, "");
	else if (row < 0)
		(void)fail(http, 404, error,
		           "There is no device \"%.100s\"%s; `portafilter devices` lists them, and an "
		           "address or a MAC will do as well.",
		           text, "");
	return row;
}

/* With the lock, which it ends: what has become of the row; NULL when it was not changed. */
static json_t *finish(struct devices *devices, int row, bool changed)
{
	json_t *json = NULL;
	struct book_view view;
	if (changed && book_view(devices->book, (size_t)row, &view))
		json = row_json(devices, devices->daemon->shared.snapshot, (size_t)row, &view);
	devices_publish(devices);
	pthread_mutex_unlock(&devices->lock);
	return json;
}

json_t *devices_tag(struct devices *devices, const char *text, const char *tags, bool untag,
                    int *http, char error[500])
{
	pthread_mutex_lock(&devices->lock);
	int row = find_row(devices, text, http, error);
	struct tag_request request = {.devices = devices, .row = (size_t)row, .untag = untag};
	return finish(devices, row, row >= 0 && change_tags(&request, tags, http, error) == PF_OK);
}

/* ---- names ------------------------------------------------------------------------------- */

static int give_name(struct devices *devices, size_t row, const char *name, int *http,
                     char error[500])
{
	struct book_view view;
	char before[DEVICE_NAME_MAX] = "";
	(void)book_view(devices->book, row, &view);
	const char *shown = view.device->name;
	if (view.given)
		memcpy(before, shown, sizeof before);
	switch (book_give_name(devices->book, row, name, clock_now().wall_us)) {
	case PF_OK: break;
	case PF_ECONFLICT:
		return fail(http, 409, error,
		            "%.100s has its name from `devices` of the configuration; change it there%s.",
		            shown, "");
	case PF_EFULL:
		return fail(http, 409, error, "%.100s can not be called \"%.63s\": another device is.",
		            shown, name);
	default:
		return fail(http, 400, error,
		            "%.100s can not be called \"%.80s\": a name has 1 to 63 bytes without control "
		            "characters or blanks at its ends, and is no address.",
		            shown, name);
	}
	if (devices_save(devices, error) == PF_OK)
		return PF_OK;
	*http = 503;
	(void)!book_give_name(devices->book, row, before, clock_now().wall_us);
	return PF_EIO;
}

json_t *devices_name(struct devices *devices, const char *text, const char *name, int *http,
                     char error[500])
{
	pthread_mutex_lock(&devices->lock);
	int row = find_row(devices, text, http, error);
	return finish(devices, row,
	              row >= 0 && give_name(devices, (size_t)row, name, http, error) == PF_OK);
}
