/* What an import carries. */
#include "import/import.h"

#include <stdio.h>

#include "base/diag.h"
#include "config/config.h"
#include "import/fragment.h"

void import_init(struct import *import)
{
	*import = (struct import){0};
	buffer_init(&import->text, FRAGMENT_BYTES_MAX);
	buffer_init(&import->block_list, FRAGMENT_BYTES_MAX);
	buffer_init(&import->allow_list, FRAGMENT_BYTES_MAX);
}

void import_deinit(struct import *import)
{
	buffer_deinit(&import->text);
	buffer_deinit(&import->block_list);
	buffer_deinit(&import->allow_list);
}

int import_check(const struct import *import, char error[IMPORT_ERROR_MAX])
{
	struct diag diag;
	struct config *config = NULL;
	diag_init(&diag);
	int result = config_parse("/the new configuration", import->text.data, import->text.length,
	                          &diag, &config);
	config_free(&config);
	for (size_t i = 0; i < diag.count && result != PF_OK; i++) {
		if (diag.entries[i].level != DIAG_ERROR)
			continue;
		snprintf(error, IMPORT_ERROR_MAX, "What was made of it is no configuration, line %u: %s.",
		         diag.entries[i].line, diag.entries[i].text);
		break;
	}
	diag_deinit(&diag);
	return result;
}
