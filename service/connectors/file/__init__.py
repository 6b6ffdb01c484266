"""From files of records to CRM events."""
