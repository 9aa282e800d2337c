typedef int scheduler_fetch;
