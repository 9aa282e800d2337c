#include "feeds/feed_settings.h"
