// The jobs of the raw C client that have a file of their own.
#pragma once

#include "job.h"

void fanout(const struct options *options, struct result *result);
void streams(const struct options *options, struct result *result);
void leave(const struct options *options, struct result *result);
