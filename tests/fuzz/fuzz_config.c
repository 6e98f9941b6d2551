/* The configuration's parser on any bytes. Whatever comes in: it is taken or refused with at least one finding,
 * never both, and every finding is one line of UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finding(const struct diag_entry *entry)
{
	struct diag ignored;
	const char *text = entry->text;
	size_t length = strlen(text);
	diag_init(&ignored);
	if (text_check("finding", &text, &length, &ignored) != PF_OK)
		abort();
	diag_deinit(&ignored);
	for (const char *c = entry->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag;
	struct config *config = NULL;
	diag_init(&diag);
	int error = config_parse("/fuzz/portafilter.yaml", (const char *)data, size, &diag, &config);
	if ((error == PF_OK) != (config != NULL) || (error == PF_OK && diag.errors) ||
	    (error == PF_EINVAL && !diag.errors))
		abort();
	for (size_t i = 0; i < diag.count; i++)
		check_finding(&diag.entries[i]);
	/* A configuration that was taken keeps what its header promises. */
	for (size_t i = 0; config && i < config->device_count; i++)
		if (!config->devices[i].name[0] ||
		    (!config->devices[i].has_mac && !config->devices[i].prefix_count))
			abort();
	for (size_t i = 0; config && i < config->rule_count; i++)
		if (!config->rules[i].name ||
		    (config->rules[i].location.given && !config->rules[i].location.count))
			abort();
	config_free(&config);
	diag_deinit(&diag);
	return 0;
}
