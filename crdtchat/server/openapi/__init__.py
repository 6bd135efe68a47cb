"""What the REST interface says of itself: OpenAPI 3.1, as data."""
