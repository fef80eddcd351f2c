import { DefaultNamingStrategy } from 'typeorm';

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Columns are the snake_case of their property; keys and indexes carry names that say what they are, alike on both databases. */
export class Naming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, embeddedPrefixes: string[]): string {
    return customName ?? [...embeddedPrefixes, propertyName].map(snake).join('_');
  }

  override primaryKeyName(tableOrName: { name: string } | string): string {
    return `pk_${nameOf(tableOrName)}`;
  }

  override indexName(tableOrName: { name: string } | string, columns: string[]): string {
    return `ix_${nameOf(tableOrName)}_${columns.join('_')}`;
  }

  override uniqueConstraintName(tableOrName: { name: string } | string, columns: string[]): string {
    return `uq_${nameOf(tableOrName)}_${columns.join('_')}`;
  }

  override foreignKeyName(tableOrName: { name: string } | string, columns: string[]): string {
    return `fk_${nameOf(tableOrName)}_${columns.join('_')}`;
  }
}

const nameOf = (tableOrName: { name: string } | string): string =>
  (typeof tableOrName === 'string' ? tableOrName : tableOrName.name).split('.').at(-1)!;
