"""8,000 made-up CRM events and what came of them: the net under every change that must change nothing."""
