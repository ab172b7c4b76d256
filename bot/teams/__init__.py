"""Teams: the only part that knows botbuilder, the Bot Connector and the Bot Framework's tokens."""
